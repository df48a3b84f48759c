/** Lines of a summary. */
const TOP = 40;

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface HeapNode {
  readonly callFrame: Frame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

/** Where the time went: functions by self time, from a .cpuprofile, with what each costs per request. */
export function cpuSummary(json: string, requests: number): string {
  const profile = JSON.parse(json) as CpuProfile;
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const selfUs = new Map<string, number>();
  profile.samples.forEach((id, n) => add(selfUs, names.get(id) ?? '(unknown)', profile.timeDeltas[n] ?? 0));
  const idle = selfUs.get('(idle)') ?? 0;
  selfUs.delete('(idle)');
  const busy = sum(selfUs);
  const head = `CPU: ${requests} requests, ${(busy / 1e6).toFixed(2)} s busy, ${(idle / 1e6).toFixed(2)} s idle, ${(busy / requests).toFixed(1)} us per request`;
  return table(head, 'us/request', selfUs, busy, requests);
}

/** Who allocated how much, from a .heapprofile that counts what was collected too: functions by their own allocations per request. */
export function heapSummary(json: string, requests: number): string {
  const { head } = JSON.parse(json) as { head: HeapNode };
  const bytes = new Map<string, number>();
  const visit = (node: HeapNode): void => {
    add(bytes, nameOf(node.callFrame), node.selfSize);
    node.children.forEach(visit);
  };
  visit(head);
  const total = sum(bytes);
  return table(`Allocations: ${requests} requests, ${(total / requests).toFixed(0)} bytes per request`, 'bytes/request', bytes, total, requests);
}

function table(head: string, unit: string, values: ReadonlyMap<string, number>, total: number, requests: number): string {
  const rows = [...values].toSorted(([, a], [, b]) => b - a).slice(0, TOP);
  const lines = rows.map(
    ([name, value]) => `${(value / requests).toFixed(2).padStart(13)}  ${((100 * value) / total).toFixed(1).padStart(5)} %  ${name}`,
  );
  return [head, '', `${unit.padStart(13)}   share    function`, ...lines, ''].join('\n');
}

function nameOf({ functionName, url, lineNumber }: Frame): string {
  const place = url.replace(/^.*\/node_modules\//, '').replace(/^.*\/(src|bench|dist)\//, '$1/');
  const name = functionName === '' ? '(anonymous)' : functionName;
  return place === '' ? name : `${name} ${place}:${lineNumber + 1}`;
}

function add(map: Map<string, number>, key: string, value: number): void {
  map.set(key, (map.get(key) ?? 0) + value);
}

function sum(values: ReadonlyMap<string, number>): number {
  return [...values.values()].reduce((all, value) => all + value, 0);
}
