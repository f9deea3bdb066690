# One image for every program of Venule's; the command says which. Debian, because Temporal's SDK wants glibc.
FROM node:24-slim AS dependencies
WORKDIR /venule
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-slim
# The slim image has no certificate authorities, and Temporal's worker reads the system's for TLS.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
# Without the last one, each thread has glibc keep memory for itself, also after it has been freed.
ENV NODE_ENV=production HOST=0.0.0.0 VENULE_DATA_DIR=/data MALLOC_ARENA_MAX=2
WORKDIR /venule
COPY --from=dependencies /venule/node_modules node_modules
COPY . .
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
CMD ["node", "api/server.ts"]
