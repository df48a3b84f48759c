import { randomUUID } from 'node:crypto';
import { type Answer, emptyAnswer, jsonAnswer } from '../answer.ts';
import type { SeenRequest } from '../recorder.ts';
import type { Claims, Tokens } from './tokens.ts';

interface User {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** The GoTrue part: users, sessions, refresh tokens that rotate. */
export class Auth {
  readonly #tokens: Tokens;
  readonly #users = new Map<string, User>();
  readonly #sessions = new Map<string, string>();
  readonly #refresh = new Map<string, string>();

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  /** Makes a user and a session; gives the access token. */
  signUp(email: string, password = 'secret', id: string = randomUUID()): { id: string; token: string } {
    const user = { id, email, password };
    this.#users.set(id, user);
    return { id, token: this.#session(user).access_token };
  }

  /** Answers `/auth/v1/{rest}`. */
  answer(request: SeenRequest, rest: string): Answer {
    const routes: Record<string, (() => Answer) | undefined> = {
      'GET user': () => this.#user(request),
      'POST token': () => this.#token(request),
      'POST logout': () => this.#logout(request),
      'GET health': () =>
        jsonAnswer(200, { version: 'v2.180.0', name: 'GoTrue', description: 'GoTrue is a user registration and authentication API' }),
      'GET settings': () => jsonAnswer(200, { external: { email: true, phone: false }, disable_signup: false, mailer_autoconfirm: true }),
      'GET .well-known/jwks.json': () => jsonAnswer(200, this.#tokens.jwks(), { 'cache-control': 'public, max-age=600' }),
    };
    return routes[`${request.method} ${rest}`]?.() ?? authError(request, 404, 'not_found', 'Path not found');
  }

  #user(request: SeenRequest): Answer {
    const claims = this.#claims(request);
    if ('status' in claims) return claims as Answer;
    const user = this.#users.get(claims.sub ?? '');
    if (user === undefined) return authError(request, 403, 'user_not_found', 'User from sub claim in JWT does not exist');
    if (!this.#sessions.has(String(claims['session_id'])))
      return authError(request, 403, 'session_not_found', 'Session from session_id claim in JWT does not exist');
    return jsonAnswer(200, publicUser(user));
  }

  #token(request: SeenRequest): Answer {
    const body = JSON.parse(request.body.toString() || '{}') as { email?: string; password?: string; refresh_token?: string };
    if (request.query.get('grant_type') === 'password') {
      const user = [...this.#users.values()].find((one) => one.email === body.email && one.password === body.password);
      return user === undefined ? authError(request, 400, 'invalid_credentials', 'Invalid login credentials') : jsonAnswer(200, this.#session(user));
    }
    const user = this.#users.get(this.#refresh.get(body.refresh_token ?? '') ?? '');
    this.#refresh.delete(body.refresh_token ?? '');
    return user === undefined
      ? authError(request, 400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found')
      : jsonAnswer(200, this.#session(user));
  }

  #logout(request: SeenRequest): Answer {
    const claims = this.#claims(request);
    if ('status' in claims) return claims as Answer;
    const isGlobal = (request.query.get('scope') ?? 'global') === 'global';
    for (const [session, user] of this.#sessions) {
      if (session === claims['session_id'] || (isGlobal && user === claims.sub)) this.#sessions.delete(session);
    }
    return emptyAnswer(204);
  }

  #claims(request: SeenRequest): Claims | Answer {
    const [, token] = /^Bearer (.+)$/.exec(request.headers['authorization'] ?? '') ?? [];
    if (token === undefined) return authError(request, 401, 'no_authorization', 'This endpoint requires a valid Bearer token');
    const claims = this.#tokens.check(token);
    if (typeof claims === 'object') return claims;
    return authError(request, 403, 'bad_jwt', `invalid JWT: unable to parse or verify signature, token is ${claims}`);
  }

  #session(user: User) {
    const session = randomUUID();
    const refresh = randomUUID().replaceAll('-', '').slice(0, 12);
    this.#sessions.set(session, user.id);
    this.#refresh.set(refresh, user.id);
    const token = this.#tokens.issue({ sub: user.id, role: 'authenticated', email: user.email, session_id: session });
    return {
      access_token: token,
      token_type: 'bearer',
      expires_in: 3600,
      expires_at: Math.floor(Date.now() / 1000) + 3600,
      refresh_token: refresh,
      user: publicUser(user),
    };
  }
}

function publicUser({ id, email }: User): object {
  const at = '2026-01-01T00:00:00Z';
  return {
    id,
    aud: 'authenticated',
    role: 'authenticated',
    email,
    phone: '',
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: {},
    identities: [],
    created_at: at,
    updated_at: at,
    is_anonymous: false,
  };
}

/** GoTrue's error, in the shape that `X-Supabase-Api-Version` asks for. */
export function authError(request: SeenRequest, status: number, code: string, message: string): Answer {
  const isNew = request.headers['x-supabase-api-version'] === '2024-01-01';
  const body = isNew ? { code, message } : { code: status, error_code: code, msg: message };
  return jsonAnswer(status, body, { 'x-sb-error-code': code, 'x-supabase-api-version': '2024-01-01' });
}
