const SLOTS = 16_384;

/** The slot of a key in a Redis Cluster: CRC16 (XMODEM) of the key, or of what stands between its first braces, modulo 16384. */
export function slotOfKey(key: string): number {
  return crc16(Buffer.from(hashed(key))) % SLOTS;
}

function hashed(key: string): string {
  const open = key.indexOf('{');
  const close = open === -1 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
