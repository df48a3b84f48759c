import { createHash } from 'node:crypto';

/** What a request for content or embeddings looks like, as far as the simulator reads it. */
export interface Contents {
  readonly contents?: readonly { readonly parts?: readonly { readonly text?: string }[] }[];
  readonly content?: { readonly parts?: readonly { readonly text?: string }[] };
}

/** All text of a request. */
export function promptOf(request: Contents): string {
  const contents = request.contents ?? (request.content === undefined ? [] : [request.content]);
  return contents
    .flatMap((content) => content.parts ?? [])
    .map((part) => part.text ?? '')
    .join(' ');
}

/** About one token for four letters. */
export function tokensOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}

/** A GenerateContentResponse; a piece of a stream has `finished` false but for the last one. */
export function response(model: string, prompt: string, text: string, finished: boolean): object {
  const usage = { promptTokenCount: tokensOf(prompt), candidatesTokenCount: tokensOf(text), totalTokenCount: tokensOf(prompt) + tokensOf(text) };
  const candidate = { content: { parts: [{ text }], role: 'model' }, ...(finished && { finishReason: 'STOP' }), index: 0 };
  return {
    candidates: [candidate],
    usageMetadata: usage,
    modelVersion: model,
    responseId: createHash('sha1').update(prompt).digest('hex').slice(0, 20),
  };
}

/** An embedding that depends on nothing but the text. */
export function embedding(text: string): { values: number[] } {
  const digest = createHash('sha256').update(text).digest();
  return { values: [...digest.subarray(0, 8)].map((byte) => byte / 128 - 1) };
}
