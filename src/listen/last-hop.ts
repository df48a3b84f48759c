/**
 * Whether an OPTIONS or TRACE request ends here: it asks about the server as a whole (RFC 9112 section 3.2.4), or may be forwarded no further. One that may is counted down,
 * in place (RFC 9110 section 7.6.2).
 */
export function endsHere(method: string, path: string, headers: string[]): boolean {
  if (method !== 'OPTIONS' && method !== 'TRACE') return false;
  if (path === '*') return true;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'max-forwards' || !/^\d+$/.test(headers[i + 1] ?? '')) continue;
    const left = Number(headers[i + 1]);
    if (left === 0) return true;
    headers[i + 1] = String(left - 1);
  }
  return false;
}
