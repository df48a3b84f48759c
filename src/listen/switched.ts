import { withoutHeaders } from '../model/headers.ts';
import { Unacceptable } from '../upstream/failures.ts';

/** Why a 101 is no agreement to what was asked for (RFC 9110 section 7.8); undefined where it is one. Both are values of `Upgrade`. */
export function objectionToSwitch(asked: string, agreed: string | undefined): Unacceptable | undefined {
  const wanted = protocolsOf(asked);
  const protocols = protocolsOf(agreed ?? '');
  if (protocols.length === 0) return new Unacceptable('the upstream switched protocols and did not say to which');
  if (protocols.every((protocol) => wanted.includes(protocol))) return undefined;
  return new Unacceptable('the upstream switched to a protocol that was not asked for');
}

/** The fields of a 101 that pass on: it has no content, so none of them may tell of any (RFC 9110 section 8.6, RFC 9112 section 6.1). */
export function switchedFields(rawHeaders: readonly string[]): string[] {
  return withoutHeaders(rawHeaders, (name) => /^(content-length|transfer-encoding)$/i.test(name));
}

function protocolsOf(list: string): string[] {
  return list
    .split(',')
    .map((protocol) => protocol.trim().toLowerCase())
    .filter((protocol) => protocol !== '');
}
