/** Formats that go with whatever codec was chosen. */
const RETRANSMISSION = 'video/rtx';

/** What this browser sends of pictures. */
const sent = () => RTCRtpSender.getCapabilities('video')?.codecs ?? [];

/** A codec as the recorder calls it. */
const nameOf = ({ mimeType }: RTCRtpCodec) => (mimeType.split('/')[1] ?? '').toLowerCase();

/** Names of the video codecs that this browser sends. */
export function sentCodecs(): Set<string> {
  return new Set(sent().map(nameOf));
}

/**
 * Lets a track be sent in one codec and no other: of several the recorder takes the one that it wants most.
 * @param name as the recorder calls it
 */
export function sendOnly(transceiver: RTCRtpTransceiver, name: string): void {
  transceiver.setCodecPreferences(
    sent().filter((codec) => nameOf(codec) === name || codec.mimeType === RETRANSMISSION),
  );
}
