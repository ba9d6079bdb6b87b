# The service and the whole command line, built into a few files (scripts/service.ts), without what is only
# for trials and development: the PostgreSQL of trials, test tools, and Node from npm (the base image has
# its own).
#
# The service listens on 127.0.0.1 unless HOST says otherwise: docker/compose.yaml sets it.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No script of a package has anything to do here.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY scripts scripts
COPY openapi/conformance.json openapi/conformance.json
COPY src src
RUN node scripts/service.ts
# Of the optional packages only the trial PostgreSQL's binaries would matter.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
# Half of the room for young objects: a load of submissions leaves a third less memory behind. A quarter would
# leave less still, and cost a tenth more of the processor.
#
# Of old objects at most what Node allows on a machine of 4 GB. With more room V8 lets the heap grow to four times
# what is in use before it collects, instead of twice: resident memory then grows for minutes under a load.
ENV NODE_OPTIONS="--max-semi-space-size=8 --max-old-space-size=2000"
# Two arenas keep what has been freed for later, instead of eight for each core.
ENV MALLOC_ARENA_MAX=2
WORKDIR /app
# All of it belongs to root: the service can change none of its own files.
COPY --from=build /app/node_modules node_modules
COPY package.json LICENSE ./
COPY migrations migrations
# The pages that the `type` of a problem leads to.
COPY docs/PROBLEMS.md docs/PROBLEMS.md
COPY --from=build /app/dist/service dist/service
# New volumes here belong to the holder of the matching key and to the service (docker/compose.yaml).
RUN mkdir --mode=700 /var/lib/matching /var/lib/log /var/lib/documents && \
    chown node:node /var/lib/matching /var/lib/log /var/lib/documents
USER node
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/service/server.js"]
