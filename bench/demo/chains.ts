import type { Call, CallResult } from './call.ts';

/** Makes one call and gives its answer; throws `ChainBroken` where it failed. */
export type Step = (call: Call) => Promise<CallResult>;

/** Ends a chain at the first call that failed: the backend has no second plan. */
export class ChainBroken extends Error {}

/** What the backend knows of its world. */
export interface Setting {
  readonly supabaseUrl: string;
  readonly supabaseKey: string;
  /** The id of the picture that the inbound request of this number is about. */
  readonly mediaId: (number: number) => string;
}

type Chain = (step: Step, setting: Setting, number: number) => Promise<void>;

/** Enough that nobody gets more than one answer in 6 s, which is all that WhatsApp lets through to one recipient. */
export const CONVERSATIONS = 60;

/** An inbound message: read conversation, account and bot profile, keep the message, ask Gemini, send the answer, note it. */
export const answerMessage: Chain = async (step, setting, number) => {
  const rest = restCalls(setting);
  const conversation = await one(step, rest.get(`conversations?select=*&id=eq.${1 + (number % CONVERSATIONS)}`));
  const account = await one(step, rest.get(`accounts?select=*&id=eq.${String(conversation['account_id'])}`));
  const bot = await one(step, rest.get(`bot_profiles?select=*&account_id=eq.${String(account['id'])}`));
  await step(
    rest.post('messages', { conversation_id: conversation['id'], direction: 'in', wa_message_id: `wamid.in.${number}`, body: `Question ${number}` }),
  );
  const reply = await step(geminiCall(String(bot['model']), `${String(bot['prompt'])} Question ${number}`));
  await step(sendCall(String(account['phone_number_id']), `48600000${String(conversation['id']).padStart(3, '0')}`, textOf(reply)));
  await step(rest.patch(`conversations?id=eq.${String(conversation['id'])}`, { last_message: textOf(reply), updated_at: new Date().toISOString() }));
};

/** An inbound picture: ask Graph for its link, download it, store it, note it. */
export const keepPicture: Chain = async (step, setting, number) => {
  const described = await step({
    service: 'whatsapp',
    method: 'GET',
    url: `https://graph.facebook.com/v23.0/${setting.mediaId(number)}`,
    headers: BEARER,
  });
  const { url } = JSON.parse(described.body.toString()) as { url: string };
  const picture = await step({ service: 'whatsapp', method: 'GET', url, headers: BEARER });
  const path = `media/inbound/${number}.jpg`;
  const headers = { ...keys(setting), 'content-type': 'image/jpeg' };
  await step({ service: 'supabase', method: 'POST', url: `${setting.supabaseUrl}/storage/v1/object/${path}`, headers, body: picture.body });
  await step(restCalls(setting).post('media', { path, mime_type: 'image/jpeg' }));
};

const BEARER = { authorization: 'Bearer EAAdemo' };

function keys({ supabaseKey }: Setting): Record<string, string> {
  return { apikey: supabaseKey, authorization: `Bearer ${supabaseKey}` };
}

function restCalls(setting: Setting) {
  const make = (method: string, path: string, row?: object): Call => ({
    service: 'supabase',
    method,
    url: `${setting.supabaseUrl}/rest/v1/${path}`,
    headers: {
      ...keys(setting),
      'accept-profile': 'public',
      'content-profile': 'public',
      ...(row !== undefined && { 'content-type': 'application/json', prefer: 'return=representation' }),
    },
    ...(row !== undefined && { body: JSON.stringify(row) }),
  });
  return {
    get: (path: string) => make('GET', path),
    post: (path: string, row: object) => make('POST', path, row),
    patch: (path: string, row: object) => make('PATCH', path, row),
  };
}

async function one(step: Step, call: Call): Promise<Record<string, unknown>> {
  const [row] = JSON.parse((await step(call)).body.toString()) as Record<string, unknown>[];
  if (row === undefined) throw new ChainBroken('no such row');
  return row;
}

function geminiCall(model: string, prompt: string): Call {
  return {
    service: 'gemini',
    method: 'POST',
    url: `https://generativelanguage.googleapis.com/v1beta/models/${model}:generateContent`,
    headers: { 'x-goog-api-key': 'AIdemo', 'content-type': 'application/json' },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: prompt }] }] }),
  };
}

function textOf(reply: CallResult): string {
  const { candidates } = JSON.parse(reply.body.toString()) as { candidates: { content: { parts: { text: string }[] } }[] };
  return candidates[0]?.content.parts[0]?.text ?? '';
}

function sendCall(phone: string, to: string, text: string): Call {
  return {
    service: 'whatsapp',
    method: 'POST',
    url: `https://graph.facebook.com/v23.0/${phone}/messages`,
    headers: { ...BEARER, 'content-type': 'application/json' },
    body: JSON.stringify({ messaging_product: 'whatsapp', recipient_type: 'individual', to, type: 'text', text: { body: text } }),
  };
}
