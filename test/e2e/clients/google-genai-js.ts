import { ApiError, GoogleGenAI } from '@google/genai';
import { settings, tell } from './settings.ts';

// @google/genai: generate, stream, count, embed, models.
const model = 'gemini-2.5-flash';
const ai = new GoogleGenAI({ apiKey: 'k', ...(settings.way === 'base-url' && { httpOptions: { baseUrl: settings.geminiUrl } }) });
const seen: Record<string, unknown> = {};
seen['generated'] = (await ai.models.generateContent({ model, contents: 'hello' })).text;
const streamed: unknown[] = [];
for await (const chunk of await ai.models.generateContentStream({ model, contents: 'hello' })) streamed.push(chunk.text);
seen['streamed'] = streamed;
seen['counted'] = (await ai.models.countTokens({ model, contents: 'hello' })).totalTokens;
seen['embedded'] = (await ai.models.embedContent({ model: 'gemini-embedding-001', contents: 'hello' })).embeddings?.[0]?.values;
seen['model'] = (await ai.models.get({ model })).name;
seen['unknown'] = await ai.models.get({ model: 'none' }).then(
  () => undefined,
  (error: unknown) => (error instanceof ApiError ? error.status : String(error)),
);
tell(seen);
