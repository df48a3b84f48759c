import { sseAnswer } from '../../../simulators/gemini/stream.ts';
import type { Simulators } from '../../../simulators/start.ts';
import { JSON_TYPE, type Route, type Sending } from './route.ts';

const gemini = {
  upstream: 'gemini',
  host: 'generativelanguage.googleapis.com',
  method: 'POST',
  repeatable: true,
  refused: true,
  attempts: 3,
  dialect: 'google',
  code: 'gemini',
  breaks: 'visibly',
} as const;

function prompt(method: string) {
  return (_sim: Simulators, id: string): Sending => ({
    path: `/v1beta/models/gemini-2.5-flash:${method}`,
    headers: { 'x-goog-api-key': `key-${id}`, ...JSON_TYPE },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: `pytanie ${id} ąęść` }] }] }),
  });
}

function streamOf(sim: Simulators, text: string): Buffer {
  const model = 'gemini-2.5-flash';
  const { pieces = [] } = sseAnswer(model, text, sim.gemini.reply(text, model), sim.gemini.stream);
  return Buffer.concat(pieces.map(({ bytes }) => bytes));
}

/** What a backend does with Gemini. */
export const GEMINI: readonly Route[] = [
  { ...gemini, name: 'generate', label: 'gemini generate', sending: prompt('generateContent') },
  {
    ...gemini,
    name: 'stream',
    label: 'gemini stream',
    breaks: 'before its first event',
    ownAnswer: (sim, id) => streamOf(sim, `pytanie ${id} ąęść`),
    sending: prompt('streamGenerateContent?alt=sse'),
  },
  { ...gemini, name: 'count-tokens', label: 'gemini count-tokens', sending: prompt('countTokens') },
  {
    ...gemini,
    name: 'models',
    label: 'gemini models',
    method: 'GET',
    sending: (_sim, id) => ({ path: `/v1beta/models?pageSize=2&case=${id}`, headers: { 'x-goog-api-key': `key-${id}` } }),
  },
];
