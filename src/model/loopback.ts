/** True for an address to listen on that this machine alone can reach. */
export function isLoopbackOnly(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.');
}
