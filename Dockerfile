# The build stage has the compiler; the image has what it made, production dependencies included, and nothing else.
FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json rolldown.config.js ./
COPY config ./config
COPY src ./src
RUN npm run build

FROM node:26-slim
# read by every command, the health check among them: name another file here rather than with -c
ENV NODE_ENV=production BREAKWATER_CONFIG=/etc/breakwater/proxy.yaml
WORKDIR /app
COPY --from=build /app/dist ./dist
COPY package.json proxy.yaml.example ./
COPY config ./config
# The one place that is written to: the certificate authority, and a cache in SQLite. Volumes, so that the root file system can be read-only and the backend can be given the bundle and not the answers.
RUN mkdir -p /var/lib/breakwater/ca /var/lib/breakwater/cache && chown -R node:node /var/lib/breakwater
VOLUME /var/lib/breakwater
USER node
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["node", "dist/cli/main.js", "healthcheck"]
# what is compiled is kept when the process is quiet (docs/performance.md)
ENTRYPOINT ["node", "--no-memory-reducer", "dist/cli/main.js"]
CMD ["run"]
