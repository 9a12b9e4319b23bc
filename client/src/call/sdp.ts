/**
 * What is agreed with the server about a connection (SDP, RFC 8866). The
 * server may not be honest: what it must not have is taken out of its
 * descriptions before the browser reads them, and out of ours before it does.
 */

/** Header extensions that forwarding needs. All others stand in clear beside the sealed frame, and some tell who speaks. */
const EXTENSIONS = [
  "urn:ietf:params:rtp-hdrext:sdes:mid",
  "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
  "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
]

/** Sound of one size, without gaps (RFC 7587, section 6.1): neither says anything of what is spoken. */
const OPUS = "minptime=10;useinbandfec=1;cbr=1;usedtx=0;stereo=0"

/** What is reported of sound: what is missing, and when packets came. */
const REPORTS = /^a=rtcp-fb:[0-9]+ (nack|transport-cc)$/

const lines = (sdp: string): string[] => sdp.split(/\r\n|\r|\n/).filter((line) => line !== "")
const joined = (all: readonly string[]): string => all.map((line) => `${line}\r\n`).join("")

function allowed(line: string): boolean {
  if (!/^a=\s*extmap/i.test(line) || line === "a=extmap-allow-mixed") return true
  const uri = /^a=extmap:[0-9]+(?:\/[a-z]+)? (\S+)$/.exec(line)?.[1]
  return uri !== undefined && EXTENSIONS.includes(uri)
}

/** A description by the server, as the browser may take it: known header extensions, and sound as we want to send it. */
export function fromServer(sdp: string): string {
  const all: string[] = []
  let video = false
  for (const line of lines(sdp)) {
    if (/^m=/i.test(line)) video = /^m=\s*video/i.test(line)
    const format = !video && /^a=\s*(fmtp|ptime|maxptime)/i.test(line)
    const report = !video && /^a=\s*rtcp-fb/i.test(line) && !REPORTS.test(line)
    if (format || report || !allowed(line)) continue
    all.push(line)
    const opus = video ? undefined : /^a=rtpmap:([0-9]+) opus\//i.exec(line)?.[1]
    if (opus !== undefined) all.push(`a=fmtp:${opus} ${OPUS}`)
  }
  return joined(all)
}

/** A description by this browser, as the server may read it: without this machine's addresses. */
export function toServer(sdp: string): string {
  const all = lines(sdp)
    .filter((line) => !/^a=(candidate|end-of-candidates|remote-candidates)/.test(line))
    .map((line) =>
      line
        .replace(/^(m=\S+) [1-9][0-9]*/, "$1 9")
        .replace(/^c=.*/, "c=IN IP4 0.0.0.0")
        .replace(/^a=rtcp:.*/, "a=rtcp:9 IN IP4 0.0.0.0"),
    )
  return joined(all)
}
