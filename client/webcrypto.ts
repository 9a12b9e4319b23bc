/**
 * Stands in for Node's module "crypto" in the bundles. @hpke/common asks for
 * that module where it finds no WebCrypto, which every browser has: nothing
 * may be loaded while the client runs.
 */
export const webcrypto = globalThis.crypto
