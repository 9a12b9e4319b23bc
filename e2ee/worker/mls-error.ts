/**
 * Why something about the group was refused:
 * - `malformed`: the bytes are not what they claim to be;
 * - `invalid`: RFC 9420 forbids it, or a signature, tag or hash does not fit;
 * - `profile`: RFC 9420 allows it, our profile (e2ee/PROTOCOL.md) does not;
 * - `epoch`: it belongs to another epoch or group than the present one.
 */
type MlsFault = "malformed" | "invalid" | "profile" | "epoch"

/** The only error the group code throws. `wanted` says what was wanted and holds no input. */
export class MlsError extends Error {
  override readonly name = "MlsError"
  readonly fault: MlsFault

  constructor(fault: MlsFault, wanted: string) {
    super(`mls: ${wanted} wanted`)
    this.fault = fault
  }
}

/** Runs `work`, turning anything else it throws into an MlsError "invalid" that says `wanted`. */
export async function guarded<T>(wanted: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (e) {
    throw e instanceof MlsError ? e : new MlsError("invalid", wanted)
  }
}
