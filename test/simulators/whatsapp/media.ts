import { createHash, randomInt } from 'node:crypto';
import { type Answer, jsonAnswer } from '../answer.ts';
import { serveBytes } from '../byte-ranges.ts';
import { firstFile, readMultipart } from '../multipart.ts';
import type { SeenRequest } from '../recorder.ts';
import { GRAPH_HEADERS, graphError } from './errors.ts';

interface Medium {
  readonly bytes: Buffer;
  readonly type: string;
}

/** The media of the account: by id on Graph, by `mid` on lookaside. */
export class Media {
  readonly #media = new Map<string, Medium>();
  readonly #host: string;

  constructor(lookasideHost: string) {
    this.#host = lookasideHost;
  }

  /** Puts a medium there, as an inbound message would; gives its id. */
  add(bytes: Buffer, type = 'image/jpeg', id = `44907${randomInt(1e10, 9e10)}`): string {
    this.#media.set(id, { bytes, type });
    return id;
  }

  has(id: string): boolean {
    return this.#media.has(id);
  }

  /** `POST /{phone}/media`. */
  async upload(request: SeenRequest): Promise<Answer> {
    const form = await readMultipart(request);
    const file = form === undefined ? undefined : await firstFile(form);
    if (form?.get('messaging_product') !== 'whatsapp' || file === undefined)
      return graphError(100, { message: '(#100) The parameter file is required.' });
    const declared = form.get('type');
    return jsonAnswer(200, { id: this.add(file.bytes, typeof declared === 'string' ? declared : file.type) }, GRAPH_HEADERS);
  }

  /** `GET /{media id}`: where to download it. */
  describe(id: string): Answer {
    const medium = this.#media.get(id);
    if (medium === undefined) return unknownObject(id);
    const sha256 = createHash('sha256').update(medium.bytes).digest('hex');
    const url = `https://${this.#host}/whatsapp_business/attachments/?mid=${id}&ext=${Math.floor(Date.now() / 1000) + 300}&hash=ATs${sha256.slice(0, 20)}`;
    const description = { messaging_product: 'whatsapp', url, mime_type: medium.type, sha256, file_size: String(medium.bytes.length), id };
    return jsonAnswer(200, description, GRAPH_HEADERS);
  }

  /** `GET` on lookaside: the bytes. 404 once the link is five minutes old. */
  download(request: SeenRequest): Answer {
    const medium = this.#media.get(request.query.get('mid') ?? '');
    const expired = Number(request.query.get('ext')) * 1000 < Date.now();
    if (medium === undefined || expired || !request.query.has('hash')) return jsonAnswer(404, { error: 'Not Found' });
    return serveBytes(medium.bytes, request, {
      'content-type': medium.type,
      'cache-control': 'private, max-age=300',
      'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT',
    });
  }

  /** `DELETE /{media id}`. */
  remove(id: string): Answer {
    return this.#media.delete(id) ? jsonAnswer(200, { success: true }, GRAPH_HEADERS) : unknownObject(id);
  }
}

/** Graph's answer for an id that it does not know. */
export function unknownObject(id: string, method = 'get'): Answer {
  return graphError(100, {
    message: `Unsupported ${method} request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api`,
    type: 'GraphMethodException',
  });
}
