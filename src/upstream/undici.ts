import type { Socket } from 'node:net';
import undiciClient from 'undici/lib/dispatcher/client.js';
import undiciErrors from 'undici/lib/core/errors.js';
import undiciSymbols from 'undici/lib/core/symbols.js';

/** undici's client alone: the package's own entry loads `fetch`, WebSocket, mocks and more, which doubles the time it takes to start and costs 8 MB. */
export const Client = undiciClient;
/** undici's errors. */
export const errors = undiciErrors;

/** The part of undici's parser of one connection that is told of a head. Gives 1 where no content follows. */
interface Parser {
  statusCode: number;
  onHeadersComplete(status: number, upgrade: boolean, keepAlive: boolean): number;
}

/**
 * Lets a connection read past 100, which some servers send unasked and a client has to be able to read (RFC 9110 section 15.2): undici closes the connection on it. `told` hears of each. To be
 * called when the connection has been opened.
 */
export function readPastContinue(socket: Socket, told: () => void): void {
  const parser = (socket as unknown as Record<symbol, Parser>)[undiciSymbols.kParser];
  if (parser === undefined) return;
  const headersComplete = parser.onHeadersComplete.bind(parser);
  parser.onHeadersComplete = (status, upgrade, keepAlive) => {
    if (status !== 100) return headersComplete(status, upgrade, keepAlive);
    // what undici forgets a message by when that is complete
    parser.statusCode = status;
    told();
    return 1;
  };
}
