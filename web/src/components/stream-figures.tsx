import type { StreamStatus, TrackStatus } from '../api/types.ts';
import { bitRateOf, bitRatesOf } from '../model/bit-rates.ts';
import { rateInWords } from '../model/units.ts';
import { words } from '../words/language.ts';
import { Sparkline } from './sparkline.tsx';

/** Loss of a track since its publisher came, e.g. `0.02 %`. */
function lossInWords({ packets_lost: lost, packets_received: received }: TrackStatus): string {
  if (lost === 0) return '0 %';
  const percent = (100 * lost) / (lost + received);
  return percent < 0.01 ? '< 0.01 %' : `${percent.toFixed(percent < 1 ? 2 : 1)} %`;
}

/** What comes of a stream at this moment. */
export function StreamFigures({ status }: { status: StreamStatus }) {
  const say = words.value;
  if (status.tracks.length === 0) return null;
  const videoFirst = status.tracks.toSorted((a, b) => b.kind.localeCompare(a.kind));
  const rate = rateInWords(bitRateOf(status));
  return (
    <div class="stream-figures">
      <table>
        <thead class="hidden">
          <tr>
            <th>{say.track}</th>
            <th>{say.codec}</th>
            <th>{say.picture}</th>
            <th>{say.framesPerSecond}</th>
            <th>{say.loss}</th>
          </tr>
        </thead>
        <tbody>
          {videoFirst.map((track) => (
            <tr key={track.kind} class="track">
              <th scope="row">{say.kinds[track.kind]}</th>
              <td>{track.codec}</td>
              <td>{track.width !== undefined && `${track.width} × ${track.height}`}</td>
              <td class="figures">
                {track.kind === 'video' &&
                  track.frames_per_second !== undefined &&
                  say.fps(Math.round(track.frames_per_second))}
              </td>
              <td
                class="figures"
                data-lossy={track.packets_lost > 0 ? '' : undefined}
                title={say.packetsLost(track.packets_lost)}
              >
                {say.lost(lossInWords(track))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div class="bit-rate">
        <Sparkline values={bitRatesOf(status.stream)} label={say.bitRateOfMinute(rate)} />
        <span class="figures">{rate}</span>
      </div>
    </div>
  );
}
