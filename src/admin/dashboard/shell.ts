import { escaped } from '../replies.ts';

/** An icon that asks nobody for anything. */
const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Cpath d=%22M1 12q3.5-5 7 0t7 0M1 7q3.5-5 7 0t7 0%22 fill=%22none%22 stroke=%22%233b82c4%22 stroke-width=%222%22/%3E%3C/svg%3E';

/** The page before its script runs. Its links are relative, so that it can stand below a path of another server. */
export const SHELL = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Breakwater</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="dashboard.css">
<script type="module" src="dashboard.js"></script>
</head>
<body>
<div id="page"><p class="waiting">Asking Breakwater how it is doing…</p></div>
<noscript><p class="waiting">This page needs JavaScript. <a href="health">/health</a> says the same without it.</p></noscript>
</body>
</html>
`;

/** What stands at `/` where the page's files cannot be had. */
export function errorPage(reason: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Breakwater: no dashboard</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:45rem;padding:0 1rem;color-scheme:light dark}</style>
<h1>The dashboard cannot be shown</h1>
<p>Its files could not be loaded: <code>${escaped(reason)}</code></p>
<p>In the package they are in <code>dist/dashboard</code>, which <code>npm run build</code> makes; in a checkout they are made from the sources, for which <code>npm ci</code> has to have installed the development packages too.</p>
<p>Proxying is not affected, and everything else works: <a href="health?verbose">/health</a> says how each dependency is doing, <a href="api">/api</a> lists what there is.</p>
</html>
`;
}
