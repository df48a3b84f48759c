import { type Answer, jsonAnswer } from '../answer.ts';
import type { SeenRequest } from '../recorder.ts';
import { GRAPH_HEADERS } from './errors.ts';

/** A message template of the business account. */
export interface Template {
  readonly id: string;
  readonly name: string;
  readonly language: string;
  readonly status: string;
  readonly category: string;
}

/** The templates of the account: listed, created, deleted. */
export class Templates {
  list: Template[] = [{ id: '594425479261596', name: 'hello_world', language: 'en_US', status: 'APPROVED', category: 'UTILITY' }];

  answer(request: SeenRequest): Answer {
    if (request.method === 'POST') return this.#create(request);
    if (request.method === 'DELETE') return this.#remove(request.query.get('name'));
    const after = Number(request.query.get('after') ?? 0);
    const limit = Number(request.query.get('limit') ?? 25);
    const data = this.list.slice(after, after + limit);
    return jsonAnswer(200, { data, paging: { cursors: { before: String(after), after: String(after + data.length) } } }, GRAPH_HEADERS);
  }

  #create(request: SeenRequest): Answer {
    const asked = JSON.parse(request.body.toString() || '{}') as Partial<Template>;
    const template = { name: 'unnamed', language: 'en_US', category: 'UTILITY', ...asked, id: String(this.list.length + 1), status: 'PENDING' };
    this.list.push(template);
    return jsonAnswer(200, { id: template.id, status: template.status, category: template.category }, GRAPH_HEADERS);
  }

  #remove(name: string | null): Answer {
    this.list = this.list.filter((template) => template.name !== name);
    return jsonAnswer(200, { success: true }, GRAPH_HEADERS);
  }
}
