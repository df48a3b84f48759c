/** Splits at the separator, but not inside parentheses or double quotes. */
export function splitTop(text: string, separator = ','): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let part = '';
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (quoted && char === '\\') part += char + text.charAt(++i);
    else {
      if (char === '"') quoted = !quoted;
      if (!quoted && char === '(') depth += 1;
      if (!quoted && char === ')') depth -= 1;
      if (!quoted && depth === 0 && char === separator) {
        parts.push(part);
        part = '';
      } else part += char;
    }
  }
  if (part !== '' || parts.length > 0) parts.push(part);
  return parts;
}

/** Takes the double quotes off a value, if it has any. */
export function unquote(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}
