import { escaped, html } from './replies.ts';
import type { AdminRoute } from './route.ts';

/** The page at `/api`: what there is, one line each. */
export function indexRoute(version: string, routes: () => readonly AdminRoute[]): AdminRoute {
  return { method: 'GET', path: '/api', summary: 'This list', handle: () => html(page(version, routes())) };
}

function page(version: string, routes: readonly AdminRoute[]): string {
  const rows = routes.map(({ method, path, summary }) => `<tr><td>${method}<td>${linked(method, path)}<td>${escaped(summary)}`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Breakwater</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color-scheme:light dark}td{padding:.2rem 1rem .2rem 0;vertical-align:top}</style>
<h1>Breakwater ${escaped(version)}</h1>
<table>
${rows.join('\n')}
</table>
</html>
`;
}

function linked(method: string, path: string): string {
  return method === 'GET' && !path.includes('{') ? `<a href="${escaped(path)}">${escaped(path)}</a>` : escaped(path);
}
