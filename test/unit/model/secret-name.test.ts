import { describe, expect, it } from 'vitest';
import { isSecretName } from '../../../src/model/secret-name.ts';

describe('names', () => {
  it.each(
    (
      'key access_token token apikey api_key code signature sig hash password secret refresh_token client_secret X-Amz-Signature x-goog-api-key id_token ' +
      'provider_token appsecret_proof hub.verify_token token_hash Authorization jwt session_id accounts.access_token data->>token filter[token] ' +
      'auth_key subscription-key user_key X-Functions-Key userKey AUTHKEY basic_auth oauth sid JSESSIONID'
    ).split(' '),
  )('%s holds a secret', (one) => expect(isSecretName(one)).toBe(true));

  it.each(
    (
      'select id token_count max_tokens keyboard country_code status codec monkey Idempotency-Key idempotencykey sort_key sortKey Sec-WebSocket-Key surrogate-key ' +
      'author authority keys side'
    ).split(' '),
  )('%s holds none', (one) => expect(isSecretName(one)).toBe(false));
});
