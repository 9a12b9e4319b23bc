import type { VNode } from "preact"
import { useEffect, useRef } from "preact/hooks"

interface Props {
  readonly stream: MediaStream
  readonly mirrored: boolean
  readonly whole: boolean // all of it, with margins, instead of filling the box
}

/** A moving picture without sound: sound is played elsewhere. */
export function Picture({ stream, mirrored, whole }: Props): VNode {
  const video = useRef<HTMLVideoElement>(null)
  useEffect(() => {
    const element = video.current
    if (element === null) return
    element.srcObject = stream
    element.play().catch(() => undefined) // removed again before it began: nothing to play
    return () => {
      element.srcObject = null
    }
  }, [stream])
  return <video ref={video} class="picture" data-mirrored={mirrored} data-whole={whole} autoplay playsInline muted />
}
