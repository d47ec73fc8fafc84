import t from 'tap';
import { ORIENTATIONS } from '../../src/media/picture-orientation.ts';
import { shownSize } from '../../src/media/shown-size.ts';

t.test(
  'pictures on their side are as high as they were wide, and so are their samples',
  async (t) => {
    const size = { width: 704, height: 576 };
    const sampleAspectRatio = { width: 12, height: 11 };
    for (const orientation of ORIENTATIONS) {
      const isTurned = orientation.clockwise === 90 || orientation.clockwise === 270;
      t.same(shownSize(size, orientation), isTurned ? { width: 576, height: 704 } : size);
      t.same(
        shownSize({ ...size, sampleAspectRatio }, orientation).sampleAspectRatio,
        isTurned ? { width: 11, height: 12 } : sampleAspectRatio,
      );
    }
    t.same(shownSize({ ...size, sampleAspectRatio }), { ...size, sampleAspectRatio });
  },
);
