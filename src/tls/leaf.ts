import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Resuming } from './client-hello.ts';

/** New clients in a row that offered no session, after which none of this host's is taken for one that will. */
const NOBODY_RESUMES = 64;

/**
 * What a TLS server presents for one host.
 *
 * A full handshake ends with two tickets by which the client may resume the session, and to make them is an eighth of what the connection costs. A client that connects anew for each call never does. Where that is how this host's
 * clients are, they get none that is worth anything: TLS 1.3 gives them two empty ones, which cost nothing. Who resumes after all offers one of those, and gets real ones from then on.
 */
export class Leaf {
  /** With tickets. */
  readonly context: SecureContext;
  readonly #options: SecureContextOptions;
  #ticketless: SecureContext | undefined;
  #unasked = 0;

  /** `options`: certificate, key and all else that a handshake goes by. */
  constructor(options: SecureContextOptions) {
    this.#options = options;
    this.context = createSecureContext(options);
  }

  /** What to shake hands with a client by. */
  contextFor(resuming: Resuming): SecureContext {
    if (resuming === 'offered') this.#unasked = 0;
    if (resuming !== 'none' || this.#unasked < NOBODY_RESUMES) {
      if (resuming === 'none') this.#unasked++;
      return this.context;
    }
    return (this.#ticketless ??= createSecureContext({ ...this.#options, secureOptions: constants.SSL_OP_NO_TICKET }));
  }
}
