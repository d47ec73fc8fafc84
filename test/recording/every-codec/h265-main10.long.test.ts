import { testClip } from './cases.ts';

testClip('h265-main10', ['decoded']);
testClip('h265-main10-reordered');
