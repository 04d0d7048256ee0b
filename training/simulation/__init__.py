"""Simulated scenes of the five sensors with their land cover: for tests, demonstrations and a first training set.

A landscape is drawn in metres (fields, woods, settlements, lakes and rivers, roads), so that 1 m NAIP shows roofs and
crowns and 30 m EnMAP shows mixed pixels of the same kind of landscape. On a grid finer than the sensor's, every point
gets shares of a few materials; averaged to the sensor's pixels they are multiplied with the materials' spectra (or
radar backscatter) at the sensor's wavelengths. All formulas are this package's own approximations. They follow
well-known facts: chlorophyll absorbs at 0.43-0.48 and 0.67 um; liquid water at 0.97, 1.2, 1.45 and 1.94 um; cellulose
at 2.1 um; clay at 2.2 um; iron oxide below 0.55 and near 0.9 um; smooth water is dark for radar, crowns scatter in
volume (high VH) and walls reflect twice (bright VV). numpy only; rasterio where a GeoTIFF is written.
"""
