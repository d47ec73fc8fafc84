import type { SendStatistics } from '../model/send-rate.ts';
import { rateInWords } from '../model/units.ts';
import { words } from '../words/language.ts';

/** What is being sent. */
export function PublicationFigures({ statistics }: { statistics: SendStatistics | undefined }) {
  const say = words.value;
  const { bitsPerSecond = 0, width = 0, height = 0, framesPerSecond = 0 } = statistics ?? {};
  return (
    <dl class="figures-list">
      <div>
        <dt>{say.sending}</dt>
        <dd id="publish-rate">{statistics ? rateInWords(bitsPerSecond) : '–'}</dd>
      </div>
      <div>
        <dt>{say.picture}</dt>
        <dd id="publish-size">{width > 0 ? `${width} × ${height}` : '–'}</dd>
      </div>
      <div>
        <dt>{say.framesPerSecond}</dt>
        <dd id="publish-fps">{statistics ? Math.round(framesPerSecond) : '–'}</dd>
      </div>
      <div>
        <dt>{say.codecs}</dt>
        <dd id="publish-codecs">{statistics?.codecs.join(', ') || '–'}</dd>
      </div>
    </dl>
  );
}
