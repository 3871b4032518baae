export type { Report } from './failure.ts';
export { createHttpHandler, type HttpHandler } from './http.ts';
export { createServer, type Offer } from './server.ts';
export { type StdioOptions, serveStdio } from './stdio.ts';
