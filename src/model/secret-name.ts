/** Names that hold a secret, written without `-` and `_`. `hash` signs the media URLs of lookaside.fbsbx.com. */
const SECRET_NAMES = new Set(
  'code sig hash jwt otp pwd pass passwd hmac nonce cookie sid session sessionid jsessionid phpsessid authorization assertion credential credentials codeverifier tokenhash appsecretproof'.split(
    ' ',
  ),
);
/** Ends of names that hold a secret: `access_token`, `client_secret`, `X-Amz-Signature`, `basic_auth`, and all keys: `auth_key`, `subscription-key`. */
const SECRET_ENDS = /(?:token|secret|password|passphrase|signature|credential|cookie|authorization|auth|key)$/;
/** Keys, and words that only end so, which open nothing. */
const OPENS_NOTHING = /(?:idempotency|deduplication|websocket|surrogate|sort|order|mon|tur|don|hoc|joc|whis)key$/;

/**
 * True where a parameter of a query, a field or a member of this name holds a secret, which nothing may keep in clear: `key`, `accounts.access_token`, `data->>token`. Case, `-` and
 * `_` do not matter. Logs leave the value out, keys of the cache hash it.
 */
export function isSecretName(name: string): boolean {
  return name.split(/[^\w-]+/).some((part) => {
    const plain = part.replace(/[-_]/g, '').toLowerCase();
    return SECRET_NAMES.has(plain) || (SECRET_ENDS.test(plain) && !OPENS_NOTHING.test(plain));
  });
}

/** Percent-decoding that takes what it can, three times over: a URL in a URL in a URL. */
export function decodeLeniently(text: string): string {
  let decoded = text;
  for (let depth = 0; depth < 3 && decoded.includes('%'); depth++) {
    decoded = decoded.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return decoded;
}
