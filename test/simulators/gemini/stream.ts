import type { Answer } from '../answer.ts';
import { response } from './generate.ts';

/** How a stream is cut into pieces. */
export interface StreamShape {
  readonly pieces: number;
  readonly everyMs: number;
}

/** `streamGenerateContent?alt=sse`: one `data:` line and CRLF CRLF for each response; the stream ends with the connection's chunk end, no [DONE]. */
export function sseAnswer(model: string, prompt: string, text: string, shape: StreamShape): Answer {
  const pieces = split(text, shape.pieces).map(
    (part, index, all) => `data: ${JSON.stringify(response(model, prompt, part, index === all.length - 1))}\r\n\r\n`,
  );
  return streamed(pieces, 'text/event-stream', shape);
}

/** `streamGenerateContent` without `alt=sse`: one JSON array, written response by response. */
export function arrayAnswer(model: string, prompt: string, text: string, shape: StreamShape): Answer {
  const pieces = split(text, shape.pieces).map((part, index, all) => {
    const json = JSON.stringify(response(model, prompt, part, index === all.length - 1), undefined, 2);
    return `${index === 0 ? '[' : ',\r\n'}${json}${index === all.length - 1 ? '\n]' : ''}`;
  });
  return streamed(pieces, 'application/json; charset=UTF-8', shape);
}

/** The same stream, broken off after some pieces by a bare error object, as Google does it after a 200. */
export function brokenStream(answer: Answer, afterPieces: number, error: object): Answer {
  const pieces = (answer.pieces ?? []).slice(0, afterPieces);
  return { ...answer, pieces: [...pieces, { bytes: Buffer.from(JSON.stringify(error)), afterMs: 0 }] };
}

function streamed(pieces: string[], type: string, { everyMs }: StreamShape): Answer {
  const timed = pieces.map((piece, index) => ({ bytes: Buffer.from(piece), afterMs: index === 0 ? 0 : everyMs }));
  return { status: 200, headers: { 'content-type': type }, body: Buffer.alloc(0), pieces: timed };
}

function split(text: string, count: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / count));
  return text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [''];
}
