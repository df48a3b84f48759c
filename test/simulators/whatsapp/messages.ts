import { randomBytes } from 'node:crypto';
import { type Answer, jsonAnswer } from '../answer.ts';
import type { SeenRequest } from '../recorder.ts';
import { GRAPH_HEADERS, graphError } from './errors.ts';

/** A message that WhatsApp took on: the customer gets it. */
export interface SentMessage {
  readonly id: string;
  readonly phone: string;
  readonly to: string;
  readonly type: string;
  /** The content, such as `{ body: 'hi' }`. */
  readonly content: unknown;
  /** Number of the request that sent it. */
  readonly request: number;
}

/** What has been sent and read. */
export class Messages {
  readonly sent: SentMessage[] = [];
  /** Message ids that were marked as read, once for each call. */
  readonly read: string[] = [];

  /** `POST /{phone}/messages`: a send, or with `"status":"read"` a mark. */
  take(phone: string, request: SeenRequest): Answer {
    const message = parse(request.body);
    if (message?.['messaging_product'] !== 'whatsapp') return graphError(100, { message: '(#100) The parameter messaging_product is required.' });
    if (message['status'] === 'read') return this.#markRead(message['message_id']);
    const { to, type = 'text' } = message;
    if (typeof to !== 'string' || to === '') return graphError(100, { message: '(#100) The parameter to is required.' });
    if (typeof type !== 'string' || message[type] === undefined) return graphError(131008);
    const id = `wamid.${randomBytes(18).toString('base64')}`;
    this.sent.push({ id, phone, to, type, content: message[type], request: request.number });
    const answer = { messaging_product: 'whatsapp', contacts: [{ input: to, wa_id: to.replace(/\D/g, '') }], messages: [{ id }] };
    return jsonAnswer(200, answer, GRAPH_HEADERS);
  }

  /** How often each content went to each recipient, by `to content`; above 1 the customer got it twice. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { to, content } of this.sent) {
      const key = `${to} ${JSON.stringify(content)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  #markRead(id: unknown): Answer {
    if (typeof id !== 'string') return graphError(100);
    this.read.push(id);
    return jsonAnswer(200, { success: true }, GRAPH_HEADERS);
  }
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
