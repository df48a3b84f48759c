import type { ClientSettings } from '../stage.ts';

/** What the test tells a client. */
export const settings = JSON.parse(process.env['CLIENT_SETTINGS'] ?? '{}') as ClientSettings;

/** Answers with one line of JSON. */
export function tell(seen: Record<string, unknown>): void {
  process.stdout.write(JSON.stringify(seen));
}
