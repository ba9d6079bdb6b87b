/** What is left out of what is built. */
import { readFileSync } from 'node:fs'
import type { Plugin } from 'esbuild'

/** The font and the crest are not for others to use; browsers have sans-serif fonts. */
export const withoutIdentity: Plugin = {
  name: 'without identity',
  setup({ onLoad }) {
    onLoad({ filter: /govuk-frontend\.min\.css$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8')
        .replace(/@font-face\{[^}]*\}/g, '')
        // For Internet Explorer, which runs none of this; esbuild calls it a fault.
        .replace(/@media screen\\0[^{]*\{(?:[^{}]*\{[^{}]*\})*\}/g, '')
        .replace(/"?GDS Transport"?,/g, '')
        .replace(/[^{}]*\{[^{}]*url\([^{}]*\}/g, '')
      if (/url\(|GDS/.test(contents)) throw new Error(`${path} has another picture or font`)
      return { loader: 'css', contents }
    })
  },
}

/**
 * typebox compiles its checks to code where it may, and finds out by trying: the page's policy refuses that,
 * and says so in the console. Here it is told.
 */
export const withoutCompiling: Plugin = {
  name: 'without compiling',
  setup({ onLoad }) {
    onLoad({ filter: /typebox[/\\]build[/\\]system[/\\]environment[/\\]evaluate\.mjs$/ }, () => ({
      contents: `export const CanEvaluate = () => false
        export const Evaluate = () => { throw new Error('the page runs no strings') }`,
    }))
  },
}

/** Neither CommonJS nor a plain script can wait at its top: the SDK's functions wait instead. */
export const withoutWaiting: Plugin = {
  name: 'without waiting',
  setup({ onLoad }) {
    onLoad({ filter: /src[/\\]protocol[/\\]loaded\.ts$/ }, () => ({ contents: '' }))
  },
}
