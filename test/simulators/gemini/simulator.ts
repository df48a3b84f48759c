import { type Answer, jsonAnswer } from '../answer.ts';
import type { SeenRequest } from '../recorder.ts';
import { Simulator, type SimulatorParts } from '../simulator.ts';
import { googleError, googleErrorBody, invalidKey } from './errors.ts';
import { type Contents, embedding, promptOf, response, tokensOf } from './generate.ts';
import { arrayAnswer, brokenStream, sseAnswer, type StreamShape } from './stream.ts';

export const GEMINI_HOST = 'generativelanguage.googleapis.com';

const MODELS = ['gemini-2.5-pro', 'gemini-2.5-flash', 'gemini-2.5-flash-lite', 'gemini-embedding-001'];

type Method = (model: string, body: Contents & { requests?: Contents[] }, request: SeenRequest) => Answer;

/** The Gemini API. Answers depend on the prompt alone, so that two runs can be compared. */
export class GeminiSimulator extends Simulator {
  /** What it says to a prompt. */
  reply: (prompt: string, model: string) => string = (prompt) => `You said: ${prompt}. I am a simulated model.`;
  /** How streams come. */
  stream: StreamShape = { pieces: 4, everyMs: 5 };
  /** Breaks streams off after so many pieces with an error object inside the 200. */
  breakStreamsAfter: number | undefined = undefined;
  /** Keys that are answered with API_KEY_INVALID. */
  readonly invalidKeys = new Set<string>();

  readonly #methods: Readonly<Record<string, Method>> = {
    generateContent: (model, body) => jsonAnswer(200, response(model, promptOf(body), this.reply(promptOf(body), model), true)),
    streamGenerateContent: (model, body, request) => this.#streamed(model, promptOf(body), request),
    countTokens: (_model, body) =>
      jsonAnswer(200, { totalTokens: tokensOf(promptOf(body)), promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokensOf(promptOf(body)) }] }),
    embedContent: (_model, body) => jsonAnswer(200, { embedding: embedding(promptOf(body)) }),
    batchEmbedContents: (_model, body) => jsonAnswer(200, { embeddings: (body.requests ?? []).map((one) => embedding(promptOf(one))) }),
  };

  constructor(parts: Omit<SimulatorParts, 'port'>) {
    super([GEMINI_HOST], parts, (request) => this.#answer(request));
  }

  #answer(request: SeenRequest): Answer {
    const key = request.headers['x-goog-api-key'] ?? request.query.get('key');
    if (key === null || key === '')
      return googleError(
        403,
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
      );
    if (this.invalidKeys.has(key)) return invalidKey();
    const [, model, method] = /^\/v1(?:beta|alpha)?\/models(?:\/([^/:]+))?(?::(\w+))?$/.exec(request.path) ?? [];
    if (model === undefined)
      return /^\/v1(beta|alpha)?\/models$/.test(request.path) ? listModels(request) : googleError(404, 'Requested entity was not found.');
    if (!MODELS.includes(model))
      return googleError(
        404,
        `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
      );
    if (method === undefined)
      return request.method === 'GET' ? jsonAnswer(200, modelInfo(model)) : googleError(404, 'Requested entity was not found.');
    return this.#call(method, model, request);
  }

  #call(method: string, model: string, request: SeenRequest): Answer {
    const call = request.method === 'POST' ? this.#methods[method] : undefined;
    if (call === undefined) return googleError(404, 'Requested entity was not found.');
    try {
      const body = JSON.parse(request.body.toString()) as Contents;
      if (method.endsWith('enerateContent') && !Array.isArray(body.contents))
        return googleError(400, '* GenerateContentRequest.contents: contents is not specified\n');
      return call(model, body, request);
    } catch {
      return googleError(400, 'Invalid JSON payload received. Unexpected token.');
    }
  }

  #streamed(model: string, prompt: string, request: SeenRequest): Answer {
    const make = request.query.get('alt') === 'sse' ? sseAnswer : arrayAnswer;
    const whole = make(model, prompt, this.reply(prompt, model), this.stream);
    return this.breakStreamsAfter === undefined ? whole : brokenStream(whole, this.breakStreamsAfter, googleErrorBody(503));
  }
}

function modelInfo(model: string): object {
  const embeds = model.includes('embedding');
  return {
    name: `models/${model}`,
    version: '001',
    displayName: model,
    inputTokenLimit: embeds ? 2048 : 1_048_576,
    outputTokenLimit: embeds ? 1 : 65_536,
    supportedGenerationMethods: embeds ? ['embedContent', 'batchEmbedContents'] : ['generateContent', 'countTokens'],
  };
}

function listModels(request: SeenRequest): Answer {
  const size = Number(request.query.get('pageSize') ?? 50);
  const start = Number(request.query.get('pageToken') ?? 0);
  const models = MODELS.slice(start, start + size).map(modelInfo);
  const next = start + size < MODELS.length ? { nextPageToken: String(start + size) } : {};
  return jsonAnswer(200, { models, ...next });
}
