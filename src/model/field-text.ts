import type { HeaderList } from './headers.ts';
import type { FieldText } from './outcome.ts';

/** Fields by which Node decides how it goes on: an answer that has one is not ordinary. */
const DECIDING: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'trailer', 'expect', 'upgrade']);
/** What a field may be called (RFC 9110 section 5.1). */
export const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What is printable: nothing that could end a line and begin another. */
export const PRINTABLE = /^[\t\x20-\x7e]*$/;

/** The fields of an answer as lines, where all of them are ordinary; `length` is that of its content, to be said where they do not say it. */
export function fieldText(headers: HeaderList, length: number | undefined): FieldText {
  let text = '';
  let hasId = false;
  let hasLength = false;
  let hasDate = false;
  let isOrdinary = true;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (name === 'x-request-id') hasId = true;
    else if (name === 'content-length') hasLength = true;
    else if (name === 'date') hasDate = true;
    else if (DECIDING.has(name) || !FIELD_NAME.test(name)) isOrdinary = false;
    if (!PRINTABLE.test(value)) isOrdinary = false;
    text += `${name}: ${value}\r\n`;
  }
  if (!hasLength) text += `content-length: ${length}\r\n`;
  isOrdinary &&= hasDate && (hasLength || length !== undefined);
  return { of: headers, text: isOrdinary ? text : undefined, hasId };
}

/**
 * The same, to be kept: in one piece. A text that was put together stays a tree of its pieces for V8, and whoever writes it goes to each of them again, each time.
 */
export function keptFieldText(headers: HeaderList, length: number | undefined): FieldText {
  const made = fieldText(headers, length);
  return made.text === undefined ? made : { ...made, text: Buffer.from(made.text, 'latin1').toString('latin1') };
}
