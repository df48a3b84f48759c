import type { Simulators } from './start.ts';

/** Rows and a picture of a small WhatsApp inbox: accounts, bot profiles, conversations, contacts, no messages yet. */
export function seedIncident({ supabase, whatsapp }: Pick<Simulators, 'supabase' | 'whatsapp'>, conversations = 5): { mediaId: string } {
  supabase.seed('accounts', [
    { id: 1, name: 'Bakery', phone_number_id: '106540352242922', plan: 'pro' },
    { id: 2, name: 'Florist', phone_number_id: '106540352242923', plan: 'free' },
  ]);
  supabase.seed('bot_profiles', [
    { id: 1, account_id: 1, name: 'Baker', prompt: 'You are a friendly baker.', model: 'gemini-2.5-flash' },
    { id: 2, account_id: 2, name: 'Flora', prompt: 'You are a friendly florist.', model: 'gemini-2.5-flash' },
  ]);
  const numbers = Array.from({ length: conversations }, (_, index) => index + 1);
  supabase.seed(
    'contacts',
    numbers.map((id) => ({ id, name: `Contact ${id}`, wa_id: `4860000000${id}` })),
  );
  supabase.seed(
    'conversations',
    numbers.map((id) => ({ id, account_id: 1 + (id % 2), contact_id: id, status: 'open', last_message: null, updated_at: null })),
  );
  supabase.seed('messages', [], { columns: ['id', 'conversation_id', 'wa_message_id', 'direction', 'body', 'created_at'], unique: [] });
  supabase.seed('media', [], { columns: ['id', 'path', 'mime_type', 'created_at'] });
  return { mediaId: whatsapp.media.add(Buffer.alloc(30_000, 'picture')) };
}
