/** The beginning of a configuration, for `breakwater init`; `proxy.yaml.example` goes on from it. */
const STARTER = `# Breakwater stands between this backend and the services that it calls.
# Look it over with: breakwater check proxy.yaml
version: 1

# Where the backend reaches Breakwater: HTTPS_PROXY=http://127.0.0.1:8080, or http://127.0.0.1:8080/NAME/ as the base URL of an upstream.
listen: { host: 127.0.0.1, port: 8080 }

# /health, /metrics and the dashboard.
admin: { host: 127.0.0.1, port: 9090 }

# The local certificate authority for HTTPS_PROXY, made on first use. Keep its key to yourself.
intercept: { ca: ./ca }

# What is called. The presets bring timeouts, retries, breakers and caches; any key of theirs can be set here as well.
upstreams:
  whatsapp: { preset: whatsapp-cloud }
  gemini: { preset: gemini }
  supabase:
    preset: supabase
    origin: \${SUPABASE_URL} # https://PROJECT.supabase.co
`;

/** A short commented configuration for a new user. `schema`: where the JSON Schema lies, named in the first line for editors. */
export function exampleYaml(schema?: string): string {
  return schema === undefined ? STARTER : `# yaml-language-server: $schema=${schema}\n${STARTER}`;
}
