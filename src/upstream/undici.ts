import undiciClient from 'undici/lib/dispatcher/client.js';
import undiciErrors from 'undici/lib/core/errors.js';

/** undici's client alone: the package's own entry loads `fetch`, WebSocket, mocks and more, which doubles the time it takes to start and costs 8 MB. */
export const Client = undiciClient;
/** undici's errors. */
export const errors = undiciErrors;
