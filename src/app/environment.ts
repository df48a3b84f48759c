/** What a backend's environment must point at. */
export interface EnvironmentParts {
  /** `http://127.0.0.1:8080`: the proxy as the backend reaches it. */
  readonly proxyUrl: string;
  /** PEM file with the machine's roots and our own. */
  readonly bundle: string;
  /** The backend's present `NO_PROXY`, which is kept. */
  readonly noProxy: string | undefined;
}

/** The shapes in which `breakwater env` prints. */
export const ENV_FORMATS = ['sh', 'fish', 'dotenv', 'json'] as const;
/** One of them. */
export type EnvFormat = (typeof ENV_FORMATS)[number];

const LOCAL = ['localhost', '127.0.0.1', '::1'];

/**
 * The variables by which unmodified clients go through the proxy and trust its certificates. Each CA variable names the whole bundle, since
 * `SSL_CERT_FILE` replaces a client's own roots. Both spellings of the proxy variables, because curl reads only the small one for http.
 */
export function environmentOf(parts: EnvironmentParts): Record<string, string> {
  const kept = (parts.noProxy ?? '').split(',').map((host) => host.trim());
  const noProxy = [...new Set([...kept, ...LOCAL])].filter((host) => host !== '').join(',');
  return {
    HTTPS_PROXY: parts.proxyUrl,
    https_proxy: parts.proxyUrl,
    HTTP_PROXY: parts.proxyUrl,
    http_proxy: parts.proxyUrl,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    SSL_CERT_FILE: parts.bundle,
    REQUESTS_CA_BUNDLE: parts.bundle,
    CURL_CA_BUNDLE: parts.bundle,
    NODE_EXTRA_CA_CERTS: parts.bundle,
    NODE_USE_ENV_PROXY: '1',
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: parts.bundle,
  };
}

/** Variables as text for a shell, a dotenv file or a program. Ends with a newline. */
export function formatEnvironment(variables: Readonly<Record<string, string>>, format: EnvFormat): string {
  const entries = Object.entries(variables);
  switch (format) {
    case 'sh':
      return lines(entries, (name, value) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`);
    case 'fish':
      return lines(entries, (name, value) => `set -gx ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`);
    case 'dotenv':
      return lines(entries, (name, value) => `${name}=${/^[\w./:@,-]*$/.test(value) ? value : JSON.stringify(value)}`);
    case 'json':
      return `${JSON.stringify(variables, null, 2)}\n`;
  }
}

function lines(entries: [string, string][], line: (name: string, value: string) => string): string {
  return entries.map(([name, value]) => `${line(name, value)}\n`).join('');
}
