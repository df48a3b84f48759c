import { headerList, type HeaderList } from '../../model/headers.ts';
import { splitList } from './directives.ts';

/** Whether a request takes every coding of a stored answer (RFC 9110 section 12.5.3). One that names none may not be able to read any. */
export function takesCodings(request: HeaderList, answer: HeaderList): boolean {
  const codings = headerList(answer, 'content-encoding');
  if (codings === undefined) return true;
  const accepted = acceptedCodings(headerList(request, 'accept-encoding') ?? '');
  return splitList(codings.toLowerCase()).every((coding) => coding === 'identity' || (accepted.get(coding) ?? accepted.get('*') ?? false));
}

function acceptedCodings(value: string): Map<string, boolean> {
  const accepted = new Map<string, boolean>();
  for (const member of splitList(value.toLowerCase())) {
    const [coding = '', ...parameters] = member.split(';').map((part) => part.trim());
    accepted.set(coding, !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter)));
  }
  return accepted;
}
