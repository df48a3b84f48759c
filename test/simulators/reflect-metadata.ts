/**
 * The four functions of the Reflect metadata API that @peculiar/x509 looks for when it is loaded. Imported for its effect, before that
 * package; does nothing where a real one is there already.
 */
const metadata = new WeakMap<object, Map<unknown, unknown>>();

const api = {
  getOwnMetadata: (key: unknown, target: object): unknown => metadata.get(target)?.get(key),
  hasOwnMetadata: (key: unknown, target: object): boolean => metadata.get(target)?.has(key) ?? false,
  getMetadata(key: unknown, target: object): unknown {
    for (let owner: object | null = target; owner !== null; owner = Object.getPrototypeOf(owner) as object | null) {
      if (api.hasOwnMetadata(key, owner)) return api.getOwnMetadata(key, owner);
    }
    return undefined;
  },
  defineMetadata(key: unknown, value: unknown, target: object): void {
    const own = metadata.get(target) ?? new Map<unknown, unknown>();
    metadata.set(target, own.set(key, value));
  },
};

if (!('getMetadata' in Reflect)) Object.assign(Reflect, api);
