/**
 * What is used of `node:http`. An `import` of it reads all of its exports, and with those of `WebSocket` has Node load an HTTP client of its own: some 30 ms of every start,
 * and memory that nothing here uses. The architecture test sees to it that nobody does.
 */
export const { createServer, get, IncomingMessage, METHODS, request, STATUS_CODES } = process.getBuiltinModule('node:http');
