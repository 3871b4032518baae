import helmet from '@fastify/helmet';
import swagger, { type StaticDocumentSpec } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { FairQueue } from './fair_queue.ts';
import type { Limits } from './limits.ts';

/** `/openapi.json` and the page that shows it, `/docs`. In a scope of their own, so that calls do not pay for them. */
export async function addPages(app: FastifyInstance, document: object, limits: Limits): Promise<void> {
  const queue = new FairQueue();
  app.addHook('onRequest', limits.countPage);
  app.addHook('onRequest', (request) => queue.run(request.ip ?? '', async () => {}));
  await app.register(helmet, {
    // Plain HTTP on loopback: whoever terminates TLS in front of the server decides about HSTS.
    hsts: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
  });
  // As bytes: a text would be converted with each request. JSON is YAML, and what Swagger UI has for the two is made anew.
  const bytes = Buffer.from(JSON.stringify(document));
  const same: Record<string, string> = { '/docs/json': 'application/json', '/docs/yaml': 'application/yaml' };
  app.addHook('onRequest', async (request, reply) => {
    const type = same[request.url.replace(/\?.*/s, '')];
    if (type) return reply.type(type).send(bytes);
  });
  await app.register(swagger, { mode: 'static', specification: { document } as StaticDocumentSpec });
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { deepLinking: true, docExpansion: 'list' } });
  app.get('/openapi.json', (_request, reply) => {
    reply.type('application/json').send(bytes);
  });
}
