/**
 * Waits until libsodium is there: whoever imports this may call it at once. It is the only wait at the
 * top of a module, and in a file of its own because the client package is built without it
 * (scripts/client.ts): CommonJS cannot load a module that waits, so there the callers wait for `ready`.
 */
import sodium from 'libsodium-wrappers'

await sodium.ready
