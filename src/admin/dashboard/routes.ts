import { html } from '../replies.ts';
import type { AdminReply, AdminRoute } from '../route.ts';
import { type DashboardFiles, loadDashboard, tagged, type TaggedFile } from './files.ts';
import { errorPage, SHELL } from './shell.ts';

/** All that the page may do: run its own script, wear its own style sheet, ask this listener. No text from outside becomes more than text, even where a bug let it. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

interface Loaded {
  readonly page: TaggedFile;
  readonly script: TaggedFile;
  readonly style: TaggedFile;
}

/** The web page and its two files. Nothing of them is read before somebody opens it, and then once. */
export function dashboardRoutes(load: () => Promise<DashboardFiles> = loadDashboard): AdminRoute[] {
  let loading: Promise<Loaded> | undefined;
  const loaded = (): Promise<Loaded> => {
    loading ??= load().then(
      ({ script, style }) => ({ page: tagged(SHELL), script: tagged(script), style: tagged(style) }),
      (error: unknown) => {
        // what is missing may be there when it is asked for again
        loading = undefined;
        throw error;
      },
    );
    return loading;
  };
  const route = (path: string, summary: string, contentType: string, pick: (files: Loaded) => TaggedFile): AdminRoute => {
    return { method: 'GET', path, summary, handle: () => loaded().then((files) => fileReply(pick(files), contentType), unavailable) };
  };
  return [
    route('/', 'The dashboard: this page for people', 'text/html; charset=utf-8', ({ page }) => page),
    route('/dashboard.js', "The dashboard's script", 'text/javascript; charset=utf-8', ({ script }) => script),
    route('/dashboard.css', "The dashboard's style sheet", 'text/css; charset=utf-8', ({ style }) => style),
  ];
}

function fileReply({ body, etag }: TaggedFile, contentType: string): AdminReply {
  const headers = { etag, 'cache-control': 'no-cache', 'content-security-policy': PAGE_POLICY, 'referrer-policy': 'no-referrer' };
  return { status: 200, contentType, body, headers };
}

function unavailable(error: unknown): AdminReply {
  return { ...html(errorPage(error instanceof Error ? error.message : String(error))), status: 500 };
}
