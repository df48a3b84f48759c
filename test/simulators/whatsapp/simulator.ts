import { type Answer, jsonAnswer } from '../answer.ts';
import type { SeenRequest } from '../recorder.ts';
import { Simulator, type SimulatorParts } from '../simulator.ts';
import { GRAPH_HEADERS, graphError } from './errors.ts';
import { Media, unknownObject } from './media.ts';
import { Messages, type SentMessage } from './messages.ts';
import { Templates } from './templates.ts';

export const GRAPH_HOST = 'graph.facebook.com';
export const LOOKASIDE_HOST = 'lookaside.fbsbx.com';

/** The WhatsApp Cloud API: Graph and, for media, lookaside, on one port. */
export class WhatsAppSimulator extends Simulator {
  readonly media = new Media(LOOKASIDE_HOST);
  readonly templates = new Templates();
  readonly #messages = new Messages();
  readonly #expired = new Set<string>();

  constructor(parts: Omit<SimulatorParts, 'port'>) {
    super([GRAPH_HOST, LOOKASIDE_HOST], parts, (request) => this.#answer(request));
  }

  /** Every message that a customer got. */
  get messagesSent(): readonly SentMessage[] {
    return this.#messages.sent;
  }

  /** Ids of the messages marked as read, once for each call that had its effect. */
  get marksRead(): readonly string[] {
    return this.#messages.read;
  }

  /** How often each content went to each recipient, by `to content`. */
  sentCounts(): Map<string, number> {
    return this.#messages.counts();
  }

  /** Messages that a customer got more than once: the number of copies too many. */
  duplicatesSent(): number {
    return [...this.sentCounts().values()].reduce((sum, count) => sum + count - 1, 0);
  }

  /** Answers 190 to this token from now on. */
  expireToken(token: string): void {
    this.#expired.add(token);
  }

  override forget(): void {
    super.forget();
    this.#messages.sent.length = 0;
    this.#messages.read.length = 0;
  }

  #answer(request: SeenRequest): Answer | Promise<Answer> {
    const token = tokenOf(request);
    const [first = '', second] = request.path
      .replace(/^\/v\d+\.\d+(?=\/)/, '')
      .split('/')
      .filter(Boolean);
    if (request.host === LOOKASIDE_HOST) return token === undefined ? jsonAnswer(401, { error: 'Unauthorized' }) : this.media.download(request);
    if (first === '') return rootAnswer();
    if (token === undefined) return graphError(104);
    if (this.#expired.has(token)) return graphError(190);
    return second === undefined ? this.#object(first, request) : this.#edge(first, second, request);
  }

  #object(id: string, request: SeenRequest): Answer {
    if (request.method === 'DELETE') return this.media.remove(id);
    if (request.method !== 'GET') return unknownObject(id, 'post');
    if (this.media.has(id) || !request.query.has('fields')) return this.media.describe(id);
    const number = {
      id,
      display_phone_number: '+48 600 000 000',
      verified_name: 'Simulated',
      quality_rating: 'GREEN',
      throughput: { level: 'STANDARD' },
    };
    const fields = new Set([...(request.query.get('fields') ?? '').split(','), 'id']);
    return jsonAnswer(200, Object.fromEntries(Object.entries(number).filter(([name]) => fields.has(name))), GRAPH_HEADERS);
  }

  #edge(id: string, edge: string, request: SeenRequest): Answer | Promise<Answer> {
    const isPost = request.method === 'POST';
    if (edge === 'messages' && isPost) return this.#messages.take(id, request);
    if (edge === 'media' && isPost) return this.media.upload(request);
    if (edge === 'message_templates') return this.templates.answer(request);
    if (edge === 'whatsapp_business_profile')
      return jsonAnswer(200, isPost ? { success: true } : { data: [{ messaging_product: 'whatsapp', about: 'Simulated' }] }, GRAPH_HEADERS);
    return unknownObject(id, request.method.toLowerCase());
  }
}

function rootAnswer(): Answer {
  const message = 'Unsupported get request. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api';
  return graphError(100, { message, type: 'GraphMethodException' });
}

function tokenOf(request: SeenRequest): string | undefined {
  const [, bearer] = /^Bearer (.+)$/.exec(request.headers['authorization'] ?? '') ?? [];
  return bearer ?? request.query.get('access_token') ?? undefined;
}
