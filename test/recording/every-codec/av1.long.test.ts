import { testClip } from './cases.ts';

testClip('av1');
