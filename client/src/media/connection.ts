/** How every media connection of the page is made, in a call and in the test before it: what is used is what was tested. */

/** Fails closed in Chromium: without a transform nothing is sent or decoded. Firefox ignores the member. */
export const SEALED: RTCConfiguration = { bundlePolicy: "max-bundle", ...({ encodedInsertableStreams: true } as object) }

/**
 * Leaves `codec` alone in the offer, in its plainest profile, and retransmission
 * in a stream of its own (RFC 4588) if wished: the network is probed with it too,
 * so that large layers come soon. False, and no change, when the browser does
 * not have the codec.
 */
export function prefer(
  transceiver: RTCRtpTransceiver,
  kind: "audio" | "video",
  codec: "opus" | "VP8" | "VP9" | "AV1",
  retransmission = false,
): boolean {
  const all = RTCRtpSender.getCapabilities(kind)?.codecs ?? []
  const wanted = all.filter(
    (c) => c.mimeType.toLowerCase() === `${kind}/${codec.toLowerCase()}` && !/profile-id=[123]|profile=1/.test(c.sdpFmtpLine ?? ""),
  )
  if (wanted.length === 0) return false
  const again = retransmission ? all.filter((c) => c.mimeType.toLowerCase() === `${kind}/rtx`) : []
  transceiver.setCodecPreferences([...wanted, ...again])
  return true
}

let scalability: boolean | undefined

/** Whether this browser knows scalability modes (W3C webrtc-svc): one that does not leaves them out of what it tells. */
export function knowsScalability(): boolean {
  if (scalability !== undefined) return scalability
  const pc = new RTCPeerConnection()
  const encoding: RTCRtpEncodingParameters & { scalabilityMode?: string } = { active: true, scalabilityMode: "L1T3" }
  const { sender } = pc.addTransceiver("video", { direction: "sendonly", sendEncodings: [encoding] })
  const [told] = sender.getParameters().encodings as readonly (typeof encoding)[]
  scalability = told?.scalabilityMode === encoding.scalabilityMode
  pc.close()
  return scalability
}
