import type { Matchable } from './match.ts';

/** The fields of a `multipart/form-data` request; undefined where it is none. */
export async function readMultipart(request: Matchable): Promise<FormData | undefined> {
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) return undefined;
  try {
    return await new Response(new Uint8Array(request.body), { headers: { 'content-type': type } }).formData();
  } catch {
    return undefined;
  }
}

/** The first file of a form. */
export async function firstFile(form: FormData): Promise<{ bytes: Buffer; type: string } | undefined> {
  for (const value of form.values()) {
    if (typeof value !== 'string') return { bytes: Buffer.from(await value.arrayBuffer()), type: value.type };
  }
  return undefined;
}
