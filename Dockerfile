# The HTTP server (REST, OpenAPI and MCP) on a Postgres of its own, which DATABASE_URL names. See docs/docker.md.
# Node runs the TypeScript sources directly, so nothing is compiled.
FROM node:24-bookworm-slim AS install
WORKDIR /app
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY packages packages
RUN npx -y pnpm@12.21.0 install --prod --frozen-lockfile

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=install /app ./
COPY supabase/migrations supabase/migrations
RUN ln -s /app/packages/cli/bin/agentcoord.js /usr/local/bin/agentcoord \
  && install -d -m 700 -o node -g node /home/node/.agentcoord
USER node
# Reachable from outside of the container; which Host names it answers to is a matter of AGENTCOORD_ALLOWED_HOSTS.
ENV NODE_ENV=production AGENTCOORD_HOST=0.0.0.0 AGENTCOORD_PORT=8787
EXPOSE 8787
VOLUME /home/node/.agentcoord
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.AGENTCOORD_PORT}/livez`).then(({ok}) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["agentcoord", "up"]
