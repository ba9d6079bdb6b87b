#!/usr/bin/env node
// Node runs TypeScript as it is, but refuses to below a folder named node_modules: there, the built
// program is used.
const installed = import.meta.url.includes('/node_modules/')
const { main } = await import(installed ? '../../dist/cli/main.js' : './main.ts')
process.exitCode = await main(process.argv.slice(2))
