/**
 * The three functions of the metadata proposal that tsyringe, beneath @peculiar/x509, asks for when it is loaded. To be imported before it.
 * Nothing is replaced where a polyfill is there already.
 */
interface Metadata {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
}

function install(on: Metadata): void {
  if (on.getMetadata !== undefined) return;
  const known = new WeakMap<object, Map<unknown, unknown>>();
  const own = (key: unknown, target: object): unknown => known.get(target)?.get(key);
  on.getOwnMetadata = own;
  on.getMetadata = (key, target) => {
    for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null)
      if (known.get(at)?.has(key) === true) return own(key, at);
    return undefined;
  };
  on.defineMetadata = (key, value, target) => {
    const entries = known.get(target) ?? new Map<unknown, unknown>();
    known.set(target, entries.set(key, value));
  };
}

install(Reflect as Metadata);
