import { createHash, randomUUID } from 'node:crypto';
import { type Answer, jsonAnswer } from '../answer.ts';
import { serveBytes } from '../byte-ranges.ts';
import { firstFile, readMultipart } from '../multipart.ts';
import type { SeenRequest } from '../recorder.ts';

interface StoredObject {
  readonly bytes: Buffer;
  readonly type: string;
  readonly cacheControl: string;
  readonly modified: Date;
}

/** The Storage part: objects by `bucket/path`. */
export class Storage {
  readonly #objects = new Map<string, StoredObject>();
  readonly #signed = new Map<string, string>();
  /** Names of all uploads that had their effect, in order. */
  readonly uploads: string[] = [];

  /** Puts an object there. */
  put(name: string, bytes: Buffer, type = 'application/octet-stream', cacheControl = 'max-age=3600'): void {
    this.#objects.set(name, { bytes, type, cacheControl, modified: new Date() });
  }

  /** Takes all objects away. */
  clear(): void {
    this.#objects.clear();
    this.#signed.clear();
  }

  get(name: string): Buffer | undefined {
    return this.#objects.get(name)?.bytes;
  }

  /** Answers `/storage/v1/{rest}`. */
  answer(request: SeenRequest, rest: string): Answer | Promise<Answer> {
    const [, kind, raw = ''] = /^object\/(?:(public|authenticated|sign|list|info)\/)?(.*)$/.exec(rest) ?? [];
    if (!rest.startsWith('object/')) return storageError(404, 'not_found', 'Route not found');
    const name = decodeURIComponent(raw);
    if (request.method === 'GET' || request.method === 'HEAD') return this.#read(kind, name, request);
    if (kind === 'sign') return this.#sign(name);
    if (kind === 'list') return this.#list(name, request);
    if (request.method === 'DELETE') return this.#remove(name, request);
    return this.#upload(name, request);
  }

  #read(kind: string | undefined, name: string, request: SeenRequest): Answer {
    const allowed = kind !== 'sign' || this.#signed.get(request.query.get('token') ?? '') === name;
    const object = allowed ? this.#objects.get(name) : undefined;
    if (object === undefined) return storageError(404, 'not_found', 'Object not found');
    if (kind === 'info') return jsonAnswer(200, { name, size: object.bytes.length, content_type: object.type });
    return serveBytes(object.bytes, request, {
      'content-type': object.type,
      'cache-control': object.cacheControl,
      'last-modified': object.modified.toUTCString(),
    });
  }

  async #upload(name: string, request: SeenRequest): Promise<Answer> {
    const upsert = request.method === 'PUT' || request.headers['x-upsert'] === 'true';
    if (this.#objects.has(name) && !upsert) return storageError(409, 'Duplicate', 'The resource already exists');
    const form = await readMultipart(request);
    const file = form === undefined ? undefined : await firstFile(form);
    const seconds = form?.get('cacheControl') ?? request.headers['cache-control']?.replace(/^max-age=/, '') ?? '3600';
    this.put(
      name,
      file?.bytes ?? request.body,
      file?.type ?? request.headers['content-type'] ?? 'application/octet-stream',
      `max-age=${String(seconds)}`,
    );
    this.uploads.push(name);
    return jsonAnswer(200, { Id: randomUUID(), Key: name });
  }

  #sign(name: string): Answer {
    if (!this.#objects.has(name)) return storageError(404, 'not_found', 'Object not found');
    const token = createHash('sha256').update(name).digest('hex');
    this.#signed.set(token, name);
    return jsonAnswer(200, { signedURL: `/object/sign/${name}?token=${token}` });
  }

  #list(bucket: string, request: SeenRequest): Answer {
    const { prefix = '' } = JSON.parse(request.body.toString() || '{}') as { prefix?: string };
    const start = `${bucket}/${prefix}`;
    const names = [...this.#objects.keys()].filter((name) => name.startsWith(start)).map((name) => name.slice(bucket.length + 1));
    return jsonAnswer(
      200,
      names.map((name) => ({ name, id: name, metadata: { size: this.#objects.get(`${bucket}/${name}`)?.bytes.length } })),
    );
  }

  #remove(name: string, request: SeenRequest): Answer {
    const { prefixes } = JSON.parse(request.body.toString() || '{}') as { prefixes?: string[] };
    const names = prefixes === undefined ? [name] : prefixes.map((prefix) => `${name}/${prefix}`);
    const removed = names.filter((one) => this.#objects.delete(one));
    if (prefixes === undefined && removed.length === 0) return storageError(404, 'not_found', 'Object not found');
    return jsonAnswer(200, prefixes === undefined ? { message: 'Successfully deleted' } : removed.map((one) => ({ name: one })));
  }
}

/** Storage's error: HTTP 400 for everything below 500, the real status in the body. */
export function storageError(status: number, error: string, message: string): Answer {
  return jsonAnswer(status < 500 ? 400 : status, { statusCode: String(status), error, message });
}
