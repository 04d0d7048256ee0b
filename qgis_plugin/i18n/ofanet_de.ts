<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE" sourcelanguage="en">
    <context>
        <name>OFA-Net</name>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>Assess accuracy</source>
            <translation>Genauigkeit bewerten</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>Compares the map that a head makes with labels that you trust, and writes a report: overall accuracy, user's and producer's accuracy, F1 and IoU of each class, and the confusion matrix.

With polygons or label rasters it says how good the head is where these lie; take others than those the head was trained on. With the points of "Sample points for an accuracy assessment", their field "reference" filled in, it estimates the accuracy of the whole map and the area of each class, with confidence intervals. Selection, filter and unsaved edits of the labels count.</source>
            <translation>Vergleicht die Karte, die ein Klassifikationskopf erzeugt, mit Labels, denen Sie vertrauen, und schreibt einen Bericht: Gesamtgenauigkeit, Nutzer- und Produzentengenauigkeit, F1 und IoU jeder Klasse sowie die Konfusionsmatrix.

Mit Polygonen oder Label-Rastern zeigt er, wie gut der Kopf dort ist, wo diese liegen; nehmen Sie andere als die, mit denen der Kopf trainiert wurde. Mit den Punkten aus „Stichprobenpunkte für eine Genauigkeitsbewertung“, deren Feld „reference“ ausgefüllt ist, schätzt er die Genauigkeit der ganzen Karte und die Fläche jeder Klasse, mit Konfidenzintervallen. Auswahl, Filter und nicht gespeicherte Änderungen der Labels werden berücksichtigt.</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>accuracy</source>
            <translation>Genauigkeit</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>validation</source>
            <translation>Validierung</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>confusion matrix</source>
            <translation>Konfusionsmatrix</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>error matrix</source>
            <translation>Fehlermatrix</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>kappa</source>
            <translation>Kappa</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>IoU</source>
            <translation>IoU</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>F1</source>
            <translation>F1</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>report</source>
            <translation>Bericht</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>area</source>
            <translation>Fläche</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>{head}: overall accuracy {accuracy}{interval}, kappa {kappa}, mean IoU {miou}</source>
            <translation>{head}: Gesamtgenauigkeit {accuracy}{interval}, Kappa {kappa}, mittlere IoU {miou}</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>{name}: user's accuracy {users}, producer's accuracy {producers}, IoU {iou}, {labelled:,} {unit}{area}</source>
            <translation>{name}: Nutzergenauigkeit {users}, Produzentengenauigkeit {producers}, IoU {iou}, {labelled:,} {unit}{area}</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>The share of labels, or of the map's area, for which the map is right.</source>
            <translation>Der Anteil der Labels oder der Kartenfläche, für den die Karte stimmt.</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>How well map and labels cover each other, as the mean of all classes, so that rare ones count.</source>
            <translation>Wie gut Karte und Labels einander decken, als Mittel aller Klassen, damit auch seltene zählen.</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>polygons or points with a class field, or sampled points</source>
            <translation>Polygone oder Punkte mit einem Klassenfeld, oder Stichprobenpunkte</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>Report</source>
            <translation>Bericht</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>HTML files (*.html)</source>
            <translation>HTML-Dateien (*.html)</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>A page with all scores and the confusion matrix, for any browser.</source>
            <translation>Eine Seite mit allen Gütemaßen und der Konfusionsmatrix, für jeden Browser.</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>Overall accuracy (0 to 1)</source>
            <translation>Gesamtgenauigkeit (0 bis 1)</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>Mean IoU (0 to 1)</source>
            <translation>Mittlere IoU (0 bis 1)</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>Classify tiles (one class per tile)</source>
            <translation>Kacheln klassifizieren (eine Klasse je Kachel)</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>Cuts the raster into tiles that do not overlap and labels each with a class of the chosen head: one polygon per tile, with class, name and confidence. The tile size is the head's own unless you set one.

It is quick and coarse, and needs a head for this task. For borders to the pixel, use "Segment".</source>
            <translation>Zerlegt das Raster in Kacheln, die sich nicht überlappen, und gibt jeder eine Klasse des gewählten Klassifikationskopfs: ein Polygon je Kachel, mit Klasse, Name und Konfidenz. Die Kachelgröße ist die des Kopfs, wenn keine angegeben ist.

Das ist schnell und grob und braucht einen Kopf für diese Aufgabe. Für pixelgenaue Grenzen dient „Segmentieren“.</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>patch</source>
            <translation>Bildausschnitt</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>scene classification</source>
            <translation>Szenenklassifikation</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>land cover</source>
            <translation>Landbedeckung</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>deep learning</source>
            <translation>Deep Learning</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>sampling grid</source>
            <translation>Stichprobengitter</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>One polygon per tile: class (a number), name, and confidence from 0 to 1. Styled when it is loaded.</source>
            <translation>Ein Polygon je Kachel: class (eine Zahl), name und confidence von 0 bis 1. Wird beim Laden gestaltet.</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>Tiles</source>
            <translation>Kacheln</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Maps</source>
            <translation>Karten</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Heads and accuracy</source>
            <translation>Klassifikationsköpfe und Genauigkeit</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Rasters</source>
            <translation>Raster</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Expected {count} layers that can be opened, found {found}: {names}</source>
            <translation>Erwartet wurden {count} Layer, die sich öffnen lassen, gefunden {found}: {names}</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Expected a head for "{verb}", found one for "{task}": {path}</source>
            <translation>Erwartet wurde ein Klassifikationskopf für „{verb}“, gefunden einer für „{task}“: {path}</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Expected a file of its own for {name}, found {path}: choose a file name</source>
            <translation>Erwartet wurde eine eigene Datei für {name}, gefunden {path}: Wählen Sie einen Dateinamen</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>coordinate systems and no data values that are not the same for all layers</source>
            <translation>Koordinatensysteme und Nodata-Werte, die nicht für alle Layer gleich sind</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>the layer's own coordinate system and no data values</source>
            <translation>das eigene Koordinatensystem und die Nodata-Werte des Layers</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>{done} of {total} tiles</source>
            <translation>{done} von {total} Kacheln</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Set in QGIS, but not used here: {what}</source>
            <translation>In QGIS eingestellt, hier aber nicht verwendet: {what}</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>, about {time} left</source>
            <translation>, noch etwa {time}</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Detect sensor</source>
            <translation>Sensor erkennen</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Recognises Sentinel-1, Sentinel-2, Gaofen, NAIP and EnMAP rasters by their bands, and says how sure that is and why. A raster that fits none is refused with what to do. Set the sensor to see how a raster would be read as that one.</source>
            <translation>Erkennt Raster von Sentinel-1, Sentinel-2, Gaofen, NAIP und EnMAP an ihren Bändern und sagt, wie sicher das ist und warum. Ein Raster, das zu keinem passt, wird mit einem Hinweis abgelehnt, was zu tun ist. Geben Sie den Sensor an, um zu sehen, wie ein Raster als dieser gelesen würde.</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>satellite</source>
            <translation>Satellit</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>bands</source>
            <translation>Bänder</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>band order</source>
            <translation>Bandreihenfolge</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>identify</source>
            <translation>identifizieren</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>metadata</source>
            <translation>Metadaten</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Landsat</source>
            <translation>Landsat</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Product</source>
            <translation>Produkt</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>What the file is; empty where that is not known.</source>
            <translation>Was die Datei ist; leer, wo das nicht bekannt ist.</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Product in words</source>
            <translation>Produkt in Worten</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>With the sensor that it is read as, and what that lacks.</source>
            <translation>Mit dem Sensor, als der es gelesen wird, und was diesem fehlt.</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Sensor</source>
            <translation>Sensor</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>What the other algorithms take as their sensor.</source>
            <translation>Was die anderen Algorithmen als Sensor annehmen.</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Confidence</source>
            <translation>Konfidenz</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>certain, likely, or ambiguous: then please check it.</source>
            <translation>certain (sicher), likely (wahrscheinlich) oder ambiguous (mehrdeutig): dann bitte prüfen.</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Reason</source>
            <translation>Begründung</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>How sensor, band order and unit were found.</source>
            <translation>Woran Sensor, Bandreihenfolge und Einheit erkannt wurden.</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Band order</source>
            <translation>Bandreihenfolge</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>The raster's band for each band of the sensor; a dash where it has none.</source>
            <translation>Das Band des Rasters für jedes Band des Sensors; ein Strich, wo es keines hat.</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Unit</source>
            <translation>Einheit</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>What the raster's numbers mean.</source>
            <translation>Was die Zahlen des Rasters bedeuten.</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Sensors it may be</source>
            <translation>Mögliche Sensoren</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>With commas between them, the likeliest first.</source>
            <translation>Durch Kommas getrennt, der wahrscheinlichste zuerst.</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>Embed (features per token)</source>
            <translation>Einbetten (Merkmale je Token)</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>Writes the features that the shared backbone makes of the raster: one cell per token (1/14 of a tile), one band per feature. They serve other tools as input: clustering, similarity search, a classifier of your own. On request also a picture of their three main components, in which similar places have similar colours.</source>
            <translation>Schreibt die Merkmale, die der gemeinsame Backbone aus dem Raster bildet: eine Zelle je Token (1/14 einer Kachel), ein Band je Merkmal. Sie dienen anderen Werkzeugen als Eingabe: Clustering, Ähnlichkeitssuche, ein eigener Klassifikator. Auf Wunsch auch ein Bild ihrer drei Hauptkomponenten, in dem ähnliche Orte ähnliche Farben haben.</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>embeddings</source>
            <translation>Embeddings</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>features</source>
            <translation>Merkmale</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>foundation model</source>
            <translation>Basismodell</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>PCA</source>
            <translation>PCA</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>clustering</source>
            <translation>Clustering</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>similarity</source>
            <translation>Ähnlichkeit</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>The features' three main components as red, green and blue: similar places have similar colours.</source>
            <translation>Die drei Hauptkomponenten der Merkmale als Rot, Grün und Blau: Ähnliche Orte haben ähnliche Farben.</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>Features</source>
            <translation>Merkmale</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>A raster with one band for each feature, and larger cells than the input's.</source>
            <translation>Ein Raster mit einem Band je Merkmal und größeren Zellen als die Eingabe.</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>Picture of three components</source>
            <translation>Bild aus drei Komponenten</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>{layer} features</source>
            <translation>{layer} Merkmale</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>{layer} features, picture</source>
            <translation>{layer} Merkmale, Bild</translation>
        </message>
        <message>
            <location filename="algorithms/examples.py" />
            <source>Detect, segment and clip to an area</source>
            <translation>Erkennen, segmentieren und auf ein Gebiet zuschneiden</translation>
        </message>
        <message>
            <location filename="algorithms/examples.py" />
            <source>One head over a folder of scenes</source>
            <translation>Ein Klassifikationskopf über einen Ordner mit Szenen</translation>
        </message>
        <message>
            <location filename="algorithms/examples.py" />
            <source>Example models</source>
            <translation>Beispielmodelle</translation>
        </message>
        <message>
            <location filename="algorithms/examples.py" />
            <source>To change it: Processing &gt; Graphical Modeler, there Model &gt; Open Model, and this file: {path}</source>
            <translation>Zum Ändern: Verarbeitung &gt; Grafische Modellierung, dort Modell &gt; Modell öffnen, und diese Datei: {path}</translation>
        </message>
        <message>
            <location filename="algorithms/examples.py" />
            <source>Classes in the area</source>
            <translation>Klassen im Gebiet</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>A layer in any coordinate system, with a field of classes, as text or whole numbers. Selection, filter and unsaved edits count.</source>
            <translation>Ein Layer in beliebigem Koordinatensystem mit einem Feld, das die Klasse nennt, als Text oder ganze Zahlen. Auswahl, Filter und nicht gespeicherte Änderungen werden berücksichtigt.</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Around a label that is a point or a line, the pixels whose centre is nearer are labelled, too.</source>
            <translation>Um ein Label, das ein Punkt oder eine Linie ist, gelten auch die Pixel als Label, deren Mitte näher liegt.</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Label rasters instead (one for each raster, in the same order)</source>
            <translation>Stattdessen Label-Raster (eines je Raster, in derselben Reihenfolge)</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Rasters of class numbers, where you have these instead of a layer; no data is no label. Those on another grid are resampled by nearest neighbour.</source>
            <translation>Raster mit Klassennummern, wenn es diese statt eines Layers gibt; nodata ist kein Label. Solche auf einem anderen Gitter werden mit dem nächsten Nachbarn umgerechnet.</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>empty: found by its name</source>
            <translation>leer: wird am Namen erkannt</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>The field of the labels that holds the class.</source>
            <translation>Das Feld der Labels, das die Klasse nennt.</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>pixels; 0: the one that a point lies in</source>
            <translation>Pixel; 0: das, in dem ein Punkt liegt</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>e.g. unsure,other</source>
            <translation>z. B. unsicher,sonstige</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Classes to leave out, by their names or numbers, with commas between them.</source>
            <translation>Klassen, die ausgelassen werden, mit Namen oder Nummern, durch Kommas getrennt.</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Expected one label raster for each raster, in the same order, found {labels} for {rasters}</source>
            <translation>Erwartet wurde ein Label-Raster je Raster, in derselben Reihenfolge, gefunden {labels} für {rasters}</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>polygons, points or lines</source>
            <translation>Polygonen, Punkten oder Linien</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Expected a layer of {wanted}, found another kind of geometry in {layer}</source>
            <translation>Erwartet wurde ein Layer mit {wanted}, gefunden eine andere Geometrieart in {layer}</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Expected a class field of {layer} ({names}), found {field}</source>
            <translation>Erwartet wurde ein Klassenfeld von {layer} ({names}), gefunden {field}</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Expected either a layer of labels or label rasters: choose one of the two</source>
            <translation>Erwartet wurde entweder ein Label-Layer oder Label-Raster: Wählen Sie eines von beiden</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>Polygons in any coordinate system: what lies outside of them is left out of map, areas and report. Selection, filter and unsaved edits count. Empty: the whole raster.</source>
            <translation>Polygone in beliebigem Koordinatensystem: Was außerhalb liegt, fehlt in Karte, Flächen und Bericht. Auswahl, Filter und nicht gespeicherte Änderungen werden berücksichtigt. Leer: das ganze Raster.</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>A raster that says which pixels not to use, in any grid and coordinate system. Sentinel-2's scene classification (SCL) is recognised by its name: clouds, shadows, snow and defects are left out. Of another raster, the pixels that are 0.</source>
            <translation>Ein Raster, das sagt, welche Pixel nicht verwendet werden, in beliebigem Gitter und Koordinatensystem. Die Szenenklassifikation von Sentinel-2 (SCL) wird am Namen erkannt: Wolken, Schatten, Schnee und Fehler werden ausgelassen. Bei einem anderen Raster die Pixel mit dem Wert 0.</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>Numbers with commas between them, where others are to be left out than the mask raster's usual ones.</source>
            <translation>Durch Kommas getrennte Zahlen, wenn andere als die üblichen Werte des Maskenrasters ausgelassen werden sollen.</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>Expected polygons in {layer}, found none: is nothing selected, or does its filter leave out all?</source>
            <translation>Erwartet wurden Polygone in {layer}, gefunden keine: Ist nichts ausgewählt, oder schließt der Filter alle aus?</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>e.g. of clouds</source>
            <translation>z. B. für Wolken</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>Expected numbers with commas between them as values to leave out, found {text}</source>
            <translation>Erwartet wurden durch Kommas getrennte Zahlen als auszulassende Werte, gefunden {text}</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>Expected a mask raster with the values to leave out, found none: choose one</source>
            <translation>Erwartet wurde ein Maskenraster mit den auszulassenden Werten, gefunden keines: Wählen Sie eines</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>to leave out, e.g. 3,8,9,10</source>
            <translation>die auszulassen sind, z. B. 3,8,9,10</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>polygons</source>
            <translation>Polygonen</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>The file that knows the classes, for one sensor and one task: one that comes with OFA-Net, or your own from "Train a head from labels". The name of an installed head will do, too.</source>
            <translation>Die Datei, die die Klassen kennt, für einen Sensor und eine Aufgabe: eine mit OFA-Net gelieferte oder eine eigene aus „Klassifikationskopf aus Labels trainieren“. Auch der Name eines installierten Klassifikationskopfs genügt.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Where the raster comes from. auto recognises it; name it where that is not clear.</source>
            <translation>Woher das Raster stammt. auto erkennt es; angeben, wenn das nicht eindeutig ist.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>e.g. 3,2,1,- where - is a missing band; empty: recognised</source>
            <translation>z. B. 3,2,1,- mit - für ein fehlendes Band; leer: wird erkannt</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>The raster's band, counted from 1, for each band of the sensor. Only for rasters that are in another order than usual or lack bands; "Detect sensor" shows how a raster is read without it.</source>
            <translation>Das Band des Rasters, ab 1 gezählt, für jedes Band des Sensors. Nur für Raster mit ungewöhnlicher Reihenfolge oder fehlenden Bändern; „Sensor erkennen“ sagt, wie ein Raster ohne diese Angabe gelesen wird.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>What the raster's numbers mean, e.g. reflectance from 0 to 1, or decibels. auto recognises it. One of {units}; or a scale and an offset to reflectance or decibels, e.g. 0.0000275,-0.2.</source>
            <translation>Was die Zahlen des Rasters bedeuten, z. B. Reflexionsgrad von 0 bis 1 oder Dezibel. auto erkennt es. Eines von {units}; oder Faktor und Versatz zu Reflexionsgrad oder Dezibel, z. B. 0.0000275,-0.2.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Where the same run broke off before, for example because the disk was full, what it had finished is used. Inputs, options and output must be the same.</source>
            <translation>Ist derselbe Lauf zuvor abgebrochen, etwa weil der Datenträger voll war, wird verwendet, was er fertiggestellt hatte. Eingaben, Einstellungen und Ausgabe müssen dieselben sein.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>The model sees the raster in squares of this size. Smaller ones show finer detail, and take longer.</source>
            <translation>Das Modell sieht das Raster in Quadraten dieser Größe. Kleinere zeigen feinere Einzelheiten und dauern länger.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Where to compute: auto takes the graphics card (cuda) where there is one that can, else the processor.</source>
            <translation>Wo gerechnet wird: auto nimmt die Grafikkarte (cuda), wenn es eine geeignete gibt, sonst den Prozessor.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Patches of a class that are smaller become part of the class around them. 1 hectare is 100 m by 100 m.</source>
            <translation>Kleinere Flächen einer Klasse gehen in der Klasse um sie herum auf. 1 Hektar ist 100 m mal 100 m.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>A page with the map, the area of each class, and how they were made, for any browser.</source>
            <translation>Eine Seite mit der Karte, der Fläche jeder Klasse und wie sie entstanden sind, für jeden Browser.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>A scene of Sentinel-1, Sentinel-2, Gaofen, NAIP or EnMAP, or one with similar bands, in a file that GDAL reads.</source>
            <translation>Eine Szene von Sentinel-1, Sentinel-2, Gaofen, NAIP oder EnMAP oder eine mit ähnlichen Bändern, in einer Datei, die GDAL liest.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>of one sensor</source>
            <translation>eines Sensors</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>The scenes that the labels lie on: one, or several of the same sensor.</source>
            <translation>Die Szenen, auf denen die Labels liegen: eine oder mehrere desselben Sensors.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>OFA-Net heads (*.safetensors)</source>
            <translation>OFA-Net-Klassifikationsköpfe (*.safetensors)</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Only this part of the raster is read, and the result covers only it.</source>
            <translation>Nur dieser Teil des Rasters wird gelesen, und das Ergebnis umfasst nur ihn.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>pixels; 0: the head's own</source>
            <translation>Pixel; 0: die des Kopfs</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Where tiles overlap their results are blended, so that no seams show. 0 is fastest.</source>
            <translation>Wo sich Kacheln überlappen, gehen ihre Ergebnisse ineinander über, sodass keine Nähte zu sehen sind. 0 ist am schnellsten.</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>hectares; 0: all are kept</source>
            <translation>Hektar; 0: alle bleiben</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>empty: the default for the raster</source>
            <translation>leer: die Vorgabe für das Raster</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>empty: all</source>
            <translation>leer: alles</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>share of a tile</source>
            <translation>Anteil einer Kachel</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>Draws pixels of a class map at random within each class (a stratified random sample, after Olofsson et al. 2014). Look at each point in better imagery and choose its class in the field "reference"; what the map says is hidden meanwhile, so that it does not sway you. Points that you cannot tell stay empty. Then run "Assess accuracy" with these points: it estimates the accuracy of the whole map and the area of each class, with confidence intervals.

The number of points follows from the standard error that you want of the overall accuracy; a rare class gets at least the least number. The same seed draws the same points. Do not move or delete points.</source>
            <translation>Zieht zufällige Pixel einer Klassenkarte innerhalb jeder Klasse (eine geschichtete Zufallsstichprobe nach Olofsson et al. 2014). Sehen Sie sich jeden Punkt in besseren Bilddaten an und wählen Sie seine Klasse im Feld „reference“; was die Karte sagt, bleibt dabei verborgen, damit es Sie nicht beeinflusst. Punkte, die Sie nicht bestimmen können, bleiben leer. Führen Sie dann „Genauigkeit bewerten“ mit diesen Punkten aus: Das schätzt die Genauigkeit der ganzen Karte und die Fläche jeder Klasse, mit Konfidenzintervallen.

Die Zahl der Punkte folgt aus dem Standardfehler, den Sie für die Gesamtgenauigkeit wünschen; eine seltene Klasse bekommt wenigstens die Mindestzahl. Derselbe Startwert zieht dieselben Punkte. Verschieben oder löschen Sie keine Punkte.</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>stratified</source>
            <translation>geschichtet</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>random sample</source>
            <translation>Zufallsstichprobe</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>reference</source>
            <translation>Referenz</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>Olofsson</source>
            <translation>Olofsson</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>A map of classes, with their numbers as pixel values.</source>
            <translation>Eine Klassenkarte mit den Klassennummern als Pixelwerten.</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>How sure you want to be: 0.02 makes an accuracy of 0.85 one of 0.81 to 0.89. Less means more points.</source>
            <translation>Wie sicher das Ergebnis sein soll: Mit 0,02 wird aus einer Genauigkeit von 0,85 eine von 0,81 bis 0,89. Weniger bedeutet mehr Punkte.</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>{points} points; if each class is right in {right:.0%} of its area, the overall accuracy will have a standard error of about {error:.3f}</source>
            <translation>{points} Punkte; wenn jede Klasse auf {right:.0%} ihrer Fläche stimmt, hat die Gesamtgenauigkeit einen Standardfehler von etwa {error:.3f}</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>So that something can be said of rare classes, too.</source>
            <translation>Damit sich auch über seltene Klassen etwas sagen lässt.</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>The same number draws the same points again.</source>
            <translation>Dieselbe Zahl zieht wieder dieselben Punkte.</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>Points</source>
            <translation>Punkte</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>Points to look at: fill in "reference" with the class that you see.</source>
            <translation>Punkte zum Ansehen: In „reference“ die Klasse eintragen, die zu sehen ist.</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>{name}: {points} points, {share:.1%} of the map</source>
            <translation>{name}: {points} Punkte, {share:.1%} der Karte</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>Class layer</source>
            <translation>Klassenlayer</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>as Segment writes it</source>
            <translation>wie ihn „Segmentieren“ schreibt</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>at least</source>
            <translation>mindestens</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>{layer} points</source>
            <translation>{layer} Punkte</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>Segment (one class per pixel)</source>
            <translation>Segmentieren (eine Klasse je Pixel)</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>Labels each pixel with a class of the chosen head. To start, choose a raster layer and press Run: sensor, bands, unit and head are found, and the log lists classes and areas.

The raster is read in overlapping tiles whose results are blended without seams; the class raster lies on exactly the input's grid, with class names and colours in the file. On request also dissolved polygons with areas in hectares, and the confidence of each pixel (0 to 1).</source>
            <translation>Gibt jedem Pixel eine Klasse des gewählten Klassifikationskopfs. Zum Einstieg einen Rasterlayer wählen und „Starten“ drücken: Sensor, Bänder, Einheit und Kopf werden gefunden, und das Protokoll nennt Klassen und Flächen.

Das Raster wird in überlappenden Kacheln gelesen, deren Ergebnisse nahtlos ineinander übergehen; das Klassenraster liegt genau auf dem Gitter der Eingabe, mit Klassennamen und Farben in der Datei. Auf Wunsch auch zusammengefasste Polygone mit Flächen in Hektar und die Konfidenz jedes Pixels (0 bis 1).</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>semantic segmentation</source>
            <translation>semantische Segmentierung</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>classify</source>
            <translation>klassifizieren</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>pixel</source>
            <translation>Pixel</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>map</source>
            <translation>Karte</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>mask</source>
            <translation>Maske</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>How sure the model is of each pixel's class, 0 to 1. Low where classes look alike, and at borders.</source>
            <translation>Wie sicher sich das Modell der Klasse jedes Pixels ist, 0 bis 1. Niedrig, wo Klassen ähnlich aussehen, und an Grenzen.</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>Classes</source>
            <translation>Klassen</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>The class of each pixel, on the input's grid. Styled when it is loaded.</source>
            <translation>Die Klasse jedes Pixels, auf dem Gitter der Eingabe. Wird beim Laden gestaltet.</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>Polygons</source>
            <translation>Polygone</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>One polygon for each patch of a class: class (a number), name, area_ha.</source>
            <translation>Ein Polygon für jede Fläche einer Klasse: class (eine Zahl), name, area_ha.</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Segment a folder of scenes</source>
            <translation>Einen Ordner mit Szenen segmentieren</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Labels each pixel of all rasters in a folder, and in the folders below it, with the classes of one head. A scene that fails stops no other; the log says why it failed.

Run it again with the same output folder to do only what is missing: scenes that are new, changed, failed on the way, or were not reached when it was cancelled. The output folder also holds a mosaic of all results, which is loaded, and tables of scenes and areas.</source>
            <translation>Gibt jedem Pixel aller Raster eines Ordners und seiner Unterordner eine Klasse eines Klassifikationskopfs. Eine Szene, die fehlschlägt, hält keine andere auf; das Protokoll sagt, warum sie fehlschlug.

Ein erneuter Lauf mit demselben Ergebnisordner erledigt nur, was fehlt: Szenen, die neu oder geändert sind, unterwegs fehlschlugen oder vor einem Abbruch nicht mehr an die Reihe kamen. Im Ergebnisordner liegen auch ein Mosaik aller Ergebnisse, das geladen wird, und Tabellen der Szenen und Flächen.</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>batch</source>
            <translation>Stapelverarbeitung</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>many</source>
            <translation>viele</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>folder</source>
            <translation>Ordner</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>mosaic</source>
            <translation>Mosaik</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>scenes</source>
            <translation>Szenen</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>One class raster for each scene, under its name; mosaic.vrt, which shows them as one; areas.csv and batch.csv, tables of areas and scenes. Take the same folder again to go on where a run ended.</source>
            <translation>Ein Klassenraster je Szene, unter ihrem Namen; mosaic.vrt, das sie als eines zeigt; areas.csv und batch.csv, Tabellen der Flächen und Szenen. Mit demselben Ordner geht es dort weiter, wo ein Lauf endete.</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>The results as one layer; the first one, where scenes differ in coordinate system or classes.</source>
            <translation>Die Ergebnisse als ein Layer; der erste, wenn sich Szenen in Koordinatensystem oder Klassen unterscheiden.</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Pixels and hectares of each class in each scene, as CSV.</source>
            <translation>Pixel und Hektar jeder Klasse in jeder Szene, als CSV.</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>{done} of {scenes} scenes are done, {run} of them now; {failed} failed</source>
            <translation>{done} von {scenes} Szenen sind fertig, {run} davon aus diesem Lauf; {failed} fehlgeschlagen</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Folder</source>
            <translation>Ordner</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>All rasters in it and in the folders below it are scenes; hidden files are not.</source>
            <translation>Alle Raster darin und in den Unterordnern sind Szenen; verborgene Dateien nicht.</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Only files that match, e.g. S2*.tif</source>
            <translation>Nur passende Dateien, z. B. S2*.tif</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>A star stands for any letters, a question mark for one. Empty: all rasters.</source>
            <translation>Ein Stern steht für beliebige Zeichen, ein Fragezeichen für eines. Leer: alle Raster.</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Now or in earlier runs.</source>
            <translation>Jetzt oder in früheren Läufen.</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>The log says why.</source>
            <translation>Das Protokoll sagt, warum.</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>{scene}: done with {head}, {time}</source>
            <translation>{scene}: fertig mit {head}, {time}</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Results folder</source>
            <translation>Ergebnisordner</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Mosaic</source>
            <translation>Mosaik</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Table of areas</source>
            <translation>Flächentabelle</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Scenes that are done</source>
            <translation>Fertige Szenen</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Scenes that failed</source>
            <translation>Fehlgeschlagene Szenen</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>The engine lacks Dask, which runs many scenes. Install it: "{python}" -m pip install {names}</source>
            <translation>Der Engine fehlt Dask, das viele Szenen abarbeitet. Installieren Sie es: "{python}" -m pip install {names}</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>{done} of {total} scenes</source>
            <translation>{done} von {total} Szenen</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Expected a folder of rasters, found {path}</source>
            <translation>Erwartet wurde ein Ordner mit Rastern, gefunden {path}</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>No scene could be segmented. {why}</source>
            <translation>Keine Szene ließ sich segmentieren. {why}</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Stack band files</source>
            <translation>Banddateien stapeln</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Makes one raster of the band files of a scene, as Landsat, Sentinel-2, Sentinel-1 and many exports come: bands named after their files, in their product's order. It is a virtual raster (VRT): nothing is copied, and it needs the files where they are.

The file names have to tell the bands, as in ..._SR_B4.TIF, ..._B04_10m.jp2, ..._VV.tif; quality flags and the like are left out. Coarser bands are repeated onto the finest grid. No data values, scales, offsets and masks of the files are kept; Landsat's scale and offset are added.</source>
            <translation>Macht aus den Banddateien einer Szene, wie sie von Landsat, Sentinel-2, Sentinel-1 und vielen Exporten kommen, ein Raster: mit Bändern, die nach ihren Dateien benannt sind, in der Reihenfolge ihres Produkts. Es ist ein virtuelles Raster (VRT): Nichts wird kopiert, und es braucht die Dateien dort, wo sie liegen.

Die Dateinamen müssen die Bänder nennen, wie in ..._SR_B4.TIF, ..._B04_10m.jp2, ..._VV.tif; Qualitätsangaben und Ähnliches werden ausgelassen. Gröbere Bänder werden auf das feinste Gitter wiederholt. Nodata-Werte, Skalierungen, Offsets und Masken der Dateien bleiben erhalten; Skalierung und Offset von Landsat werden ergänzt.</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Sentinel</source>
            <translation>Sentinel</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>VRT</source>
            <translation>VRT</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>virtual raster</source>
            <translation>virtuelles Raster</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>merge</source>
            <translation>zusammenführen</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>single-band</source>
            <translation>Einzelband</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Band files</source>
            <translation>Banddateien</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Rasters of one band each, of one scene, in one coordinate system.</source>
            <translation>Raster mit je einem Band, von einer Szene, in einem Koordinatensystem.</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Virtual raster</source>
            <translation>Virtuelles Raster</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Virtual rasters (*.vrt)</source>
            <translation>Virtuelle Raster (*.vrt)</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Best in the folder of the band files: then all can be moved together.</source>
            <translation>Am besten im Ordner der Banddateien: Dann lässt sich alles zusammen verschieben.</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>The same as a layer.</source>
            <translation>Dasselbe als Layer.</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Scene</source>
            <translation>Szene</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>{title}: {bands}</source>
            <translation>{title}: {bands}</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Train a head from labels</source>
            <translation>Klassifikationskopf aus Labels trainieren</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Teaches the model classes of your own: from raster layers of one sensor and labels with a class field it makes a head, which the other algorithms and the dialog offer from then on. The model itself does not change, so a few places per class are enough, far from each other, and a few minutes.

Labels: polygons, points or lines, with their selection, filter and unsaved edits, in any coordinate system; classes are text or whole numbers. Task: one class per pixel (segment) or per tile (classify; a polygon labels the tiles that it covers by more than half, a point the one that it lies in). Kind: what the head sees, the model's features alone, the pixels too, or also their surroundings; auto takes the best one. The log lists the scores of a cross-validation that keeps labels whole: how well the head finds each class in labels that it has not learned from, and what it takes it for.</source>
            <translation>Lehrt das Modell Ihre eigenen Klassen: Aus Rasterlayern eines Sensors und Labels mit einem Klassenfeld entsteht ein Klassifikationskopf, den die anderen Algorithmen und der Dialog von da an anbieten. Das Modell selbst ändert sich nicht; deshalb genügen einige Orte je Klasse, weit auseinander, und ein paar Minuten.

Labels: Polygone, Punkte oder Linien, mit ihrer Auswahl, ihrem Filter und nicht gespeicherten Änderungen, in beliebigem Koordinatensystem; Klassen sind Text oder ganze Zahlen. Aufgabe: eine Klasse je Pixel (segment) oder je Kachel (classify; ein Polygon gilt für die Kacheln, die es zu mehr als der Hälfte bedeckt, ein Punkt für die, in der er liegt). Art: was der Kopf sieht, nur die Merkmale des Modells, auch die Pixel oder auch deren Umgebung; auto nimmt das Beste. Das Protokoll nennt die Werte einer Kreuzvalidierung, die Labels ganz lässt: wie gut der Kopf jede Klasse in Labels findet, aus denen er nicht gelernt hat, und womit er sie verwechselt.</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>train</source>
            <translation>trainieren</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>fit</source>
            <translation>anpassen</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>probe</source>
            <translation>Linear Probing</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>classifier</source>
            <translation>Klassifikator</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>supervised</source>
            <translation>überwacht</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>training areas</source>
            <translation>Trainingsgebiete</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>A head to {task} {sensor}, of kind {kind}, with {count} classes: {path}</source>
            <translation>Ein Klassifikationskopf für {task} mit {sensor}, Art {kind}, mit {count} Klassen: {path}</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Cross-validated over {folds} folds of whole polygons: accuracy {accuracy:.1%}, mean IoU {miou:.3f}</source>
            <translation>Kreuzvalidiert über {folds} Teile aus ganzen Polygonen: Genauigkeit {accuracy:.1%}, mittlere IoU {miou:.3f}</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>{name}: IoU {iou}, from {samples:,} samples in {groups} polygons; found as {found}</source>
            <translation>{name}: IoU {iou}, aus {samples:,} Proben in {groups} Polygonen; erkannt als {found}</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>What the head sees: the model's features (linear), the pixels too, or also their surroundings (mlp+pixels, not for tiles). auto takes the best one.</source>
            <translation>Was der Kopf sieht: die Merkmale des Modells (linear), auch die Pixel oder auch deren Umgebung (mlp+pixels, nicht für Kacheln). auto nimmt das Beste.</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Head</source>
            <translation>Klassifikationskopf</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Not scored, since all of it lies in one place: {names}</source>
            <translation>Nicht bewertet, da alles davon an einem Ort liegt: {names}</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>polygons, points or lines with a class field</source>
            <translation>Polygone, Punkte oder Linien mit einem Klassenfeld</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>one class per pixel: segment, or per tile: classify</source>
            <translation>eine Klasse je Pixel: segment, oder je Kachel: classify</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>What the head is for: "Segment", or "Classify tiles".</source>
            <translation>Wofür der Kopf ist: „Segmentieren“ oder „Kacheln klassifizieren“.</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>pixels; 0: the model's own</source>
            <translation>Pixel; 0: die des Modells</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>A small file. In the folder that is proposed, all algorithms find it.</source>
            <translation>Eine kleine Datei. Im vorgeschlagenen Ordner finden sie alle Algorithmen.</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Its scores are not known: for a cross-validation each class needs polygons in two places</source>
            <translation>Die Güte ist nicht bekannt: Für eine Kreuzvalidierung braucht jede Klasse Polygone an zwei Orten</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>others</source>
            <translation>andere</translation>
        </message>
        <message>
            <location filename="algorithms/vector_export.py" />
            <source>The labels could not be written to {path}: {why}</source>
            <translation>Die Labels ließen sich nicht nach {path} schreiben: {why}</translation>
        </message>
        <message>
            <location filename="algorithms/vector_export.py" />
            <source>Expected labels in {layer}, found none: is nothing selected, or does its filter leave out all?</source>
            <translation>Erwartet wurden Labels in {layer}, gefunden keine: Ist nichts ausgewählt, oder schließt der Filter alle aus?</translation>
        </message>
        <message>
            <location filename="algorithms/vector_export.py" />
            <source>The polygons could not be written to {path}: {why}</source>
            <translation>Die Polygone ließen sich nicht nach {path} schreiben: {why}</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>press Raster &gt; OFA-Net &gt; "Set up engine..."</source>
            <translation>wählen Sie Raster &gt; OFA-Net &gt; „Engine einrichten...“</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine stopped in the middle of the run (exit code {code}); the next run restarts it.</source>
            <translation>Die Engine endete mitten im Lauf (Exit-Code {code}); der nächste Lauf startet sie neu.</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>Cancelled</source>
            <translation>Abgebrochen</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>run "make" in {folder}, or {menu}</source>
            <translation>führen Sie "make" in {folder} aus oder {menu}</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>the plugin's setting</source>
            <translation>die Einstellung des Plugins</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine was not found. To set it up, {how}.</source>
            <translation>Die Engine wurde nicht gefunden. Zum Einrichten {how}.</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine had stopped, or its Python was changed: it is restarted</source>
            <translation>Die Engine war beendet, oder ihr Python wurde geändert: Sie wird neu gestartet</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>Waiting for the engine to finish another run</source>
            <translation>Wartet, bis die Engine einen anderen Lauf beendet hat</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine ended before it answered (exit code {code}). To set it up, {how}.</source>
            <translation>Die Engine endete, bevor sie antwortete (Exit-Code {code}). Zum Einrichten {how}.</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine was not found: {origin} says {path}, which is not a file. To set it up, {how}.</source>
            <translation>Die Engine wurde nicht gefunden: {origin} nennt {path}, das ist keine Datei. Zum Einrichten {how}.</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>Starting the engine: {python}</source>
            <translation>Engine wird gestartet: {python}</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>What it had finished is kept: the same run with "{option}" does the rest.</source>
            <translation>Was sie fertiggestellt hatte, ist aufgehoben: derselbe Lauf mit „{option}“ erledigt den Rest.</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine could not be started with {python}: {why}. To set it up, {how}.</source>
            <translation>Die Engine ließ sich nicht mit {python} starten: {why}. Zum Einrichten {how}.</translation>
        </message>
        <message>
            <location filename="engine/network.py" />
            <source>QGIS is set to a SOCKS proxy ({host}), which cannot be used here: {otherwise}.</source>
            <translation>QGIS ist auf einen SOCKS-Proxy eingestellt ({host}), der hier nicht verwendet werden kann: {otherwise}.</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>Expected a raster layer: choose one in the layer panel</source>
            <translation>Erwartet wurde ein Rasterlayer: Wählen Sie einen im Layerbedienfeld</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>additional no data values that are ranges, or not those of every band</source>
            <translation>zusätzliche Nodata-Werte, die Bereiche sind oder nicht für alle Kanäle gelten</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>that the file's no data value is not used</source>
            <translation>dass der Nodata-Wert der Datei nicht verwendet wird</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>Expected a raster from a file, found a layer of "{provider}": export {name} to a GeoTIFF first</source>
            <translation>Erwartet wurde ein Raster aus einer Datei, gefunden ein Layer von „{provider}“: Exportieren Sie {name} zuerst in ein GeoTIFF</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>Expected a raster that GDAL can read, found {path}</source>
            <translation>Erwartet wurde ein Raster, das GDAL lesen kann, gefunden {path}</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>Expected real values, found complex numbers in {path}</source>
            <translation>Reelle Werte erwartet, komplexe Zahlen gefunden in {path}</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>{path} cannot be read, is it truncated?</source>
            <translation>{path} ist nicht lesbar; ist die Datei unvollständig?</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>its red-edge bands</source>
            <translation>Red-Edge-Bänder</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>its near-infrared bands</source>
            <translation>Bänder im nahen Infrarot</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>its shortwave-infrared bands</source>
            <translation>Bänder im kurzwelligen Infrarot</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>{product}, read as {sensor}</source>
            <translation>{product}, gelesen als {sensor}</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>{reading} without {bands}</source>
            <translation>{reading} ohne {bands}</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>{count} of its bands</source>
            <translation>{count} der Bänder</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>All five sensors with one backbone, and any other optical sensor by its wavelengths; the best first choice</source>
            <translation>Alle fünf Sensoren mit einem Backbone, und jeder andere optische Sensor über seine Wellenlängen; die beste erste Wahl</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Sentinel-1</source>
            <translation>Sentinel-1</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Sentinel-2 (9 bands)</source>
            <translation>Sentinel-2 (9 Bänder)</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Gaofen</source>
            <translation>Gaofen</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>NAIP</source>
            <translation>NAIP</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>EnMAP</source>
            <translation>EnMAP</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>GEO-Bench, linear probe</source>
            <translation>GEO-Bench, lineare Probe</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>As DOFA ViT-B, a little more accurate and three times as slow; for a GPU</source>
            <translation>Wie DOFA ViT-B, etwas genauer und dreimal so langsam; für eine GPU</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Radar and all 13 bands of Sentinel-2; pretrained on 18.7 million images of the Sentinel missions</source>
            <translation>Radar und alle 13 Bänder von Sentinel-2; vortrainiert mit 18,7 Millionen Bildern der Sentinel-Missionen</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Sentinel-2 (13 bands)</source>
            <translation>Sentinel-2 (13 Bänder)</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Copernicus-Bench, frozen backbone</source>
            <translation>Copernicus-Bench, eingefrorener Backbone</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Sentinel-2 level 1C with all 13 bands; small and quick, also without a GPU</source>
            <translation>Sentinel-2 Level 1C mit allen 13 Bändern; klein und schnell, auch ohne GPU</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>fine-tuned on each data set</source>
            <translation>auf jedem Datensatz feinabgestimmt</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>As SSL4EO-S12 DINO, pretrained with another objective: worth a comparison on your own labels</source>
            <translation>Wie SSL4EO-S12 DINO, mit einem anderen Ziel vortrainiert: einen Vergleich mit eigenen Labels wert</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Landsat 8 and 9 surface reflectance, 7 bands; small and quick, also without a GPU</source>
            <translation>Landsat 8 und 9, Bodenreflexion, 7 Bänder; klein und schnell, auch ohne GPU</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Landsat 8-9 (7 bands)</source>
            <translation>Landsat 8-9 (7 Bänder)</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>frozen backbone, U-Net decoder</source>
            <translation>eingefrorener Backbone, U-Net-Decoder</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Surface reflectance of Landsat 7, and of Landsat 4 and 5 with the same 6 bands: maps back to the 1980s</source>
            <translation>Bodenreflexion von Landsat 7, und von Landsat 4 und 5 mit denselben 6 Bändern: Karten bis in die 1980er Jahre</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Landsat 4-7 (6 bands)</source>
            <translation>Landsat 4-7 (6 Bänder)</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Sample points for an accuracy assessment</source>
            <translation>Stichprobenpunkte für eine Genauigkeitsbewertung</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Raster layer</source>
            <translation>Rasterlayer</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Raster layers</source>
            <translation>Rasterlayer</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Output</source>
            <translation>Ausgabe</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Unit of the values</source>
            <translation>Einheit der Werte</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Coordinate system of the layer</source>
            <translation>Koordinatensystem des Layers</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>No data values of the layer</source>
            <translation>Nodata-Werte des Layers</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Tile size</source>
            <translation>Kachelgröße</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Overlap</source>
            <translation>Überlappung</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Device</source>
            <translation>Gerät</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Extent</source>
            <translation>Ausdehnung</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Only inside these polygons</source>
            <translation>Nur innerhalb dieser Polygone</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Mask raster</source>
            <translation>Maskenraster</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Values of the mask raster</source>
            <translation>Werte des Maskenrasters</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Smallest area</source>
            <translation>Kleinste Fläche</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Continue a run that was stopped</source>
            <translation>Einen abgebrochenen Lauf fortsetzen</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Labels</source>
            <translation>Labels</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Class field</source>
            <translation>Klassenfeld</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Radius of points and lines</source>
            <translation>Radius von Punkten und Linien</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Labels that are not classes</source>
            <translation>Labels, die keine Klassen sind</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Task</source>
            <translation>Aufgabe</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Kind of head</source>
            <translation>Art des Klassifikationskopfs</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Standard error wanted of the overall accuracy</source>
            <translation>Gewünschter Standardfehler der Gesamtgenauigkeit</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Points per class</source>
            <translation>Punkte je Klasse</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>What heads learn from</source>
            <translation>Woraus Köpfe lernen</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Also my own heads</source>
            <translation>Auch meine eigenen Köpfe</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Public images and labels</source>
            <translation>Öffentliche Bilder und Labels</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Seed</source>
            <translation>Startwert (Seed)</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Report of areas</source>
            <translation>Flächenbericht</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>{hours:.1f} h</source>
            <translation>{hours:.1f} h</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>{title} ({hint})</source>
            <translation>{title} ({hint})</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>{seconds:.0f} s</source>
            <translation>{seconds:.0f} s</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>{minutes:.0f} min</source>
            <translation>{minutes:.0f} min</translation>
        </message>
        <message>
            <location filename="menu.py" />
            <source>An engine is needed to compute; none was found.</source>
            <translation>Zum Rechnen wird eine Engine gebraucht; es wurde keine gefunden.</translation>
        </message>
        <message>
            <location filename="menu.py" />
            <source>Set up engine...</source>
            <translation>Engine einrichten...</translation>
        </message>
        <message>
            <location filename="menu.py" />
            <source>Models and heads...</source>
            <translation>Modelle und Klassifikationsköpfe...</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>about {tile_s:.2g} s for a tile, {time} for a raster of {px} x {px} pixels</source>
            <translation>etwa {tile_s:.2g} s je Kachel, {time} für ein Raster von {px} x {px} Pixeln</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Download</source>
            <translation>Download</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Memory</source>
            <translation>Speicher</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Time</source>
            <translation>Zeit</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Licence</source>
            <translation>Lizenz</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Authors</source>
            <translation>Autoren</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Paper</source>
            <translation>Veröffentlichung</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Published at</source>
            <translation>Veröffentlicht unter</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>File</source>
            <translation>Datei</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Sensors</source>
            <translation>Sensoren</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Published results</source>
            <translation>Veröffentlichte Ergebnisse</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>On this computer</source>
            <translation>Auf diesem Rechner</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Origin</source>
            <translation>Herkunft</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>not measured yet</source>
            <translation>noch nicht gemessen</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Checkpoint</source>
            <translation>Checkpoint</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>about {size}</source>
            <translation>etwa {size}</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>about {gb:.1f} GB while it maps</source>
            <translation>etwa {gb:.1f} GB, während kartiert wird</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Nothing is downloaded before you press Download: then {size} come from {host} ({free} are free on your disk).</source>
            <translation>Nichts wird heruntergeladen, bevor Sie „Herunterladen“ drücken: dann kommen {size} von {host} ({free} sind auf der Festplatte frei).</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>installed</source>
            <translation>installiert</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{kept} are here already; the other {size} come from {host} ({free} are free on your disk).</source>
            <translation>{kept} sind schon da; die übrigen {size} kommen von {host} ({free} sind auf der Festplatte frei).</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Checking and importing...</source>
            <translation>Wird geprüft und importiert ...</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Get a foundation model</source>
            <translation>Ein Foundation-Modell holen</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Backbones that others have pretrained on millions of satellite images. A model that you download becomes a checkpoint; heads for it are trained from your own labels, or fitted anew.</source>
            <translation>Backbones, die andere mit Millionen Satellitenbildern vortrainiert haben. Ein heruntergeladenes Modell wird zu einem Checkpoint; Köpfe dafür werden mit Ihren eigenen Labels trainiert oder neu angepasst.</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Foundation models</source>
            <translation>Foundation-Modelle</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>About the model</source>
            <translation>Über das Modell</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Progress</source>
            <translation>Fortschritt</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>D&amp;iscard the part</source>
            <translation>Te&amp;il verwerfen</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Deletes what an interrupted download has left</source>
            <translation>Löscht, was ein unterbrochener Download hinterlassen hat</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Starting...</source>
            <translation>Wird gestartet ...</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{first} and {count} more</source>
            <translation>{first} und {count} weitere</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{gb:.1f} GB</source>
            <translation>{gb:.1f} GB</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{done} of {total}</source>
            <translation>{done} von {total}</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Model</source>
            <translation>Modell</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>For a raster of {px} x {px} pixels on this computer, estimated</source>
            <translation>Für ein Raster von {px} x {px} Pixeln auf diesem Rechner, geschätzt</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>&amp;Download</source>
            <translation>&amp;Herunterladen</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>&amp;Pause</source>
            <translation>&amp;Pause</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>&amp;Resume the download</source>
            <translation>Download &amp;fortsetzen</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Pausing...</source>
            <translation>Wird angehalten ...</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{share:.0%} here</source>
            <translation>{share:.0%} da</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Installed as {name}.</source>
            <translation>Installiert als {name}.</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{text}, {time} left</source>
            <translation>{text}, noch {time}</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Download {model}</source>
            <translation>{model} herunterladen</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Paused; {size} are kept, and Resume continues there.</source>
            <translation>Angehalten; {size} bleiben erhalten, und „Fortsetzen“ macht dort weiter.</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{model} is among your models now.</source>
            <translation>{model} gehört jetzt zu Ihren Modellen.</translation>
        </message>
        <message>
            <location filename="models/foundation_files.py" />
            <source>download the file in a browser and import it</source>
            <translation>laden Sie die Datei im Browser herunter und importieren Sie sie</translation>
        </message>
        <message>
            <location filename="models/foundation_files.py" />
            <source>{folder} could not be removed: {why}</source>
            <translation>{folder} konnte nicht entfernt werden: {why}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Fitted for pixels of {low:.3g} to {high:.3g} m; this raster has {found:.3g} m</source>
            <translation>Angepasst für Pixel von {low:.3g} bis {high:.3g} m; dieses Raster hat {found:.3g} m</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>{accuracy:.0%} of the {what} right in {places} places that it has not seen; mean IoU {miou:.2f}</source>
            <translation>{accuracy:.0%} der {what} richtig an {places} Orten, die er nicht kannte; mittlere IoU {miou:.2f}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Agrees with its teacher on {share:.0%} of the pixels that this is sure of; not compared with labels</source>
            <translation>Stimmt bei {share:.0%} der Pixel, deren sich sein Lehrer sicher ist, mit diesem überein; nicht mit Labels verglichen</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Fitted on simulated scenes, not on real ones</source>
            <translation>Angepasst an simulierte Szenen, nicht an echte</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Learned from the map that {teacher} makes of your scenes ({count}): it repeats its errors</source>
            <translation>Gelernt aus der Karte, die {teacher} von Ihren Szenen ({count}) macht: er wiederholt dessen Fehler</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>tiles</source>
            <translation>Kacheln</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>pixels</source>
            <translation>Pixel</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>copies another</source>
            <translation>ahmt nach</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>simulated scenes</source>
            <translation>simulierte Szenen</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>one scene</source>
            <translation>eine Szene</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Cross-validated: mean IoU {miou:.2f}, accuracy {accuracy:.0%}</source>
            <translation>Kreuzvalidiert: mittlere IoU {miou:.2f}, Genauigkeit {accuracy:.0%}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>{accuracy:.0%} of the {what} right in simulated scenes that it has not seen; mean IoU {miou:.2f}</source>
            <translation>{accuracy:.0%} der {what} richtig in simulierten Szenen, die er nicht kannte; mittlere IoU {miou:.2f}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>{accuracy:.0%} of the {what} right in one scene that it has not seen; not tested on others</source>
            <translation>{accuracy:.0%} der {what} richtig in einer Szene, die er nicht kannte; an anderen nicht geprüft</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Not scored</source>
            <translation>Nicht bewertet</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Not scored: for that each class needs polygons in two places</source>
            <translation>Nicht bewertet: Dafür braucht jede Klasse Polygone an zwei Orten</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>IoU {number:.2f}</source>
            <translation>IoU {number:.2f}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Cross-validated in one scene: mean IoU {miou:.2f}, accuracy {accuracy:.0%}; not tested on others</source>
            <translation>Kreuzvalidiert in einer Szene: mittlere IoU {miou:.2f}, Genauigkeit {accuracy:.0%}; an anderen nicht geprüft</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Fitted on {what}</source>
            <translation>Angepasst an: {what}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Fitted on one scene, {name}</source>
            <translation>Angepasst an eine einzige Szene, {name}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Fitted on {count} scenes</source>
            <translation>Angepasst an {count} Szenen</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>pixels of {low:.3g} to {high:.3g} m</source>
            <translation>Pixel von {low:.3g} bis {high:.3g} m</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>; not scored: {names}</source>
            <translation>; nicht bewertet: {names}</translation>
        </message>
        <message>
            <location filename="models/machine_speed.py" />
            <source>Measuring how fast this computer is</source>
            <translation>Messen, wie schnell dieser Rechner ist</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>one class per pixel</source>
            <translation>eine Klasse je Pixel</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>one class per tile</source>
            <translation>eine Klasse je Kachel</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>your own</source>
            <translation>eigener Ordner</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>comes with the plugin</source>
            <translation>mit dem Plugin geliefert</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>folder in OFANET_MODELS</source>
            <translation>Ordner in OFANET_MODELS</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Recipe</source>
            <translation>Rezept</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Simulated scenes</source>
            <translation>Simulierte Szenen</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Real scenes</source>
            <translation>Echte Szenen</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Steps</source>
            <translation>Schritte</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Epochs</source>
            <translation>Epochen</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Tiles per step</source>
            <translation>Kacheln je Schritt</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Images seen</source>
            <translation>Gesehene Bilder</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Seconds</source>
            <translation>Sekunden</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Sources</source>
            <translation>Quellen</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Configuration</source>
            <translation>Konfiguration</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Saved as</source>
            <translation>Gespeichert als</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Steps without a finite loss</source>
            <translation>Schritte ohne endlichen Verlust</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Peak learning rate</source>
            <translation>Höchste Lernrate</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Minutes</source>
            <translation>Minuten</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Random seed</source>
            <translation>Startwert der Zufallszahlen</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Kind</source>
            <translation>Art</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Samples</source>
            <translation>Proben</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Places</source>
            <translation>Orte</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Labelled</source>
            <translation>Gelabelt</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Regularisation</source>
            <translation>Regularisierung</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Temperature</source>
            <translation>Temperatur</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Bands</source>
            <translation>Bänder</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Tried (mean IoU)</source>
            <translation>Versucht (mittlere IoU)</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Fitted for</source>
            <translation>Angepasst an</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Teacher</source>
            <translation>Lehrer</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Attribution</source>
            <translation>Quellenangabe</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Cross-validated on its own labels</source>
            <translation>Kreuzvalidiert auf den eigenen Labels</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Agreement with its teacher</source>
            <translation>Übereinstimmung mit dem Lehrer</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>On places that it has not seen</source>
            <translation>An Orten, die er nicht kannte</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>none yet: "Fit land-cover heads for it..." makes some</source>
            <translation>noch keine: „Landbedeckungs-Köpfe dafür anpassen ...“ macht welche</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>mean IoU</source>
            <translation>mittlere IoU</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>folds</source>
            <translation>Teile</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>places</source>
            <translation>Orte</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Path</source>
            <translation>Pfad</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Size</source>
            <translation>Größe</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Place</source>
            <translation>Ablage</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Tile</source>
            <translation>Kachel</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Meant for</source>
            <translation>Gedacht für</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Needs checkpoint</source>
            <translation>Braucht Checkpoint</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Checkpoint's fingerprint</source>
            <translation>Fingerabdruck des Checkpoints</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Shared ViT</source>
            <translation>Gemeinsamer ViT</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Heads that need it</source>
            <translation>Köpfe, die ihn brauchen</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Name</source>
            <translation>Name</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>SHA-256</source>
            <translation>SHA-256</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>pixels of any size</source>
            <translation>Pixel jeder Größe</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>not found: import the one it was fitted on</source>
            <translation>nicht gefunden: den importieren, auf dem er trainiert wurde</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>How it was made</source>
            <translation>Wie es entstanden ist</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>{px} pixels</source>
            <translation>{px} Pixel</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>width {width}, {depth} blocks, {heads} attention heads, {input_px} px input</source>
            <translation>Breite {width}, {depth} Blöcke, {heads} Attention-Heads, {input_px} px Eingabe</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>({count} in all)</source>
            <translation>(insgesamt {count})</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Mean ± std</source>
            <translation>Mittelwert ± Standardabweichung</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Fingerprint</source>
            <translation>Fingerabdruck</translation>
        </message>
        <message>
            <location filename="models/model_files.py" />
            <source>model</source>
            <translation>Modell</translation>
        </message>
        <message>
            <location filename="models/model_files.py" />
            <source>Expected a folder with checkpoints or heads (.safetensors), found none in {folder}.</source>
            <translation>Erwartet wurde ein Ordner mit Checkpoints oder Klassifikationsköpfen (.safetensors), gefunden keine in {folder}.</translation>
        </message>
        <message>
            <location filename="models/model_files.py" />
            <source>Only files in your own folder can be changed; {path} is not in it: import it first.</source>
            <translation>Nur Dateien im eigenen Ordner lassen sich ändern; {path} liegt nicht darin: Importieren Sie sie zuerst.</translation>
        </message>
        <message>
            <location filename="models/model_files.py" />
            <source>Expected a name, found none.</source>
            <translation>Erwartet wurde ein Name, gefunden keiner.</translation>
        </message>
        <message>
            <location filename="models/model_files.py" />
            <source>{path} is in your folder already.</source>
            <translation>{path} liegt schon in Ihrem Ordner.</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Head for pixels</source>
            <translation>Kopf für Pixel</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Head for tiles</source>
            <translation>Kopf für Kacheln</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Models and heads</source>
            <translation>Modelle und Klassifikationsköpfe</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Model card</source>
            <translation>Steckbrief</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>&amp;Get a foundation model...</source>
            <translation>Foundation-Modell &amp;holen ...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Backbones that others have pretrained; nothing is downloaded before you choose one</source>
            <translation>Backbones, die andere vortrainiert haben; nichts wird heruntergeladen, bevor Sie einen wählen</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Fit &amp;land-cover heads for it...</source>
            <translation>&amp;Landbedeckungs-Köpfe dafür anpassen ...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Heads belong to their model: these are for the chosen checkpoint</source>
            <translation>Köpfe gehören zu ihrem Modell: diese sind für den gewählten Checkpoint</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>&amp;Open folder</source>
            <translation>Ordner ö&amp;ffnen</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Cance&amp;l</source>
            <translation>A&amp;bbrechen</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Checkpoints and heads, and weights of others, such as DOFA, which become checkpoints</source>
            <translation>Checkpoints und Köpfe sowie Gewichte anderer, etwa DOFA, die zu Checkpoints werden</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Import models</source>
            <translation>Modelle importieren</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Models (*.safetensors *.pth *.pt *.bin *.ckpt);;All files (*)</source>
            <translation>Modelle (*.safetensors *.pth *.pt *.bin *.ckpt);;Alle Dateien (*)</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Import all checkpoints and heads of a folder</source>
            <translation>Alle Checkpoints und Klassifikationsköpfe eines Ordners importieren</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Importing...</source>
            <translation>Wird importiert...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Rename</source>
            <translation>Umbenennen</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>New name</source>
            <translation>Neuer Name</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Remove</source>
            <translation>Entfernen</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>The heads are being fitted; the message bar shows how far that is.</source>
            <translation>Die Köpfe werden angepasst; die Meldungsleiste zeigt den Fortschritt.</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Type</source>
            <translation>Art</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Score</source>
            <translation>Güte</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>&amp;Import...</source>
            <translation>&amp;Importieren...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Import &amp;folder...</source>
            <translation>&amp;Ordner importieren...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Re&amp;name...</source>
            <translation>&amp;Umbenennen...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>&amp;Remove...</source>
            <translation>&amp;Entfernen...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Delete {name}? The file {path} will be permanently deleted.</source>
            <translation>{name} löschen? Die Datei {path} wird endgültig gelöscht.</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Your own folder: {folder}</source>
            <translation>Ihr eigener Ordner: {folder}</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>cannot be used</source>
            <translation>nicht verwendbar</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>none yet: train a head, or import one</source>
            <translation>noch keine: einen Kopf trainieren oder importieren</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>{count} sensors</source>
            <translation>{count} Sensoren</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Imported {names}.</source>
            <translation>Importiert: {names}.</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source> (and {count} more)</source>
            <translation> (und {count} weitere)</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Refused: {why}{more}</source>
            <translation>Abgelehnt: {why}{more}</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>The checkpoint that {names} needs was not found: import it too.</source>
            <translation>Der Checkpoint, den {names} braucht, wurde nicht gefunden: Importieren Sie ihn auch.</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Renamed to {name}.</source>
            <translation>Umbenannt in {name}.</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Heads that need it: {names}.</source>
            <translation>Köpfe, die ihn brauchen: {names}.</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Removed {name}.</source>
            <translation>{name} wurde entfernt.</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>{count} heads for {name} are ready, in every list of heads: {names}</source>
            <translation>{count} Köpfe für {name} sind fertig und stehen in jeder Liste von Köpfen: {names}</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Measure how long heads take</source>
            <translation>Messen, wie lange Köpfe dauern</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>{count} heads, in about {time} on this computer: {names}</source>
            <translation>{count} Köpfe, in etwa {time} auf diesem Rechner: {names}</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>&amp;Fit</source>
            <translation>&amp;Anpassen</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Labelled images: a folder with images and labels</source>
            <translation>Bilder mit Labels: ein Ordner mit images und labels</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Folder of labelled images</source>
            <translation>Ordner von Bildern mit Labels</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Public images and labels, which are downloaded: Sentinel-2 and ESA WorldCover</source>
            <translation>Öffentliche Bilder und Labels, die heruntergeladen werden: Sentinel-2 und ESA WorldCover</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>When you press Fit, some 150 windows are fetched from public servers; they stay in your folder of models. WorldCover is itself a map with errors. Where you publish results, name both sources: the cards do.</source>
            <translation>Mit „Anpassen“ werden rund 150 Ausschnitte von öffentlichen Servern geholt; sie bleiben in Ihrem Ordner der Modelle. WorldCover ist selbst eine Karte mit Fehlern. Wo Sie Ergebnisse veröffentlichen, nennen Sie beide Quellen: die Modellkarten tun es.</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Raster layers of this project, without labels</source>
            <translation>Rasterlayer dieses Projekts, ohne Labels</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>The heads that come with the plugin map these layers, and the new heads learn to repeat that, with its errors. It is a start where there are no labels; their score is an agreement, not an accuracy.</source>
            <translation>Die mitgelieferten Köpfe kartieren diese Layer, und die neuen Köpfe lernen, das zu wiederholen, mit allen Fehlern. Das ist ein Anfang, wo es keine Labels gibt; ihr Wert ist eine Übereinstimmung, keine Genauigkeit.</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>{count} heads, in about {time} on this computer, after the download: {names}</source>
            <translation>{count} Köpfe, nach dem Herunterladen in etwa {time} auf diesem Rechner: {names}</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Fit land-cover heads for {name}</source>
            <translation>Landbedeckungs-Köpfe für {name} anpassen</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Measuring how long it takes...</source>
            <translation>Es wird gemessen, wie lange es dauert ...</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Choose what they are to learn from</source>
            <translation>Wählen Sie, woraus sie lernen sollen</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Land-cover heads for {name}</source>
            <translation>Landbedeckungs-Köpfe für {name}</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>A head belongs to its model, so {name} needs land-cover heads of its own. What are they to learn from?</source>
            <translation>Ein Kopf gehört zu seinem Modell, {name} braucht also eigene Landbedeckungs-Köpfe. Woraus sollen sie lernen?</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Also my own heads, from the labels that they remember ({count})</source>
            <translation>Auch meine eigenen Köpfe, aus den Labels, die sie sich merken ({count})</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>&amp;Fit, about {time}</source>
            <translation>&amp;Anpassen, etwa {time}</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>about {time} left</source>
            <translation>noch etwa {time}</translation>
        </message>
        <message>
            <location filename="models/speeds.py" />
            <source>Measuring how fast this computer is with the model</source>
            <translation>Misst, wie schnell dieser Rechner mit dem Modell ist</translation>
        </message>
        <message>
            <location filename="panels/classify/draw_offer.py" />
            <source>Opens Train from polygons with this raster and these classes</source>
            <translation>Öffnet „Mit Polygonen trainieren“ mit diesem Raster und diesen Klassen</translation>
        </message>
        <message>
            <location filename="panels/classify/draw_offer.py" />
            <source>Not right? {link}</source>
            <translation>Stimmt nicht? {link}</translation>
        </message>
        <message>
            <location filename="panels/classify/draw_offer.py" />
            <source>Draw ten polygons</source>
            <translation>Zehn Polygone zeichnen</translation>
        </message>
        <message>
            <location filename="panels/classify/loose_bands.py" />
            <source>Use them together</source>
            <translation>Zusammen verwenden</translation>
        </message>
        <message>
            <location filename="panels/classify/loose_bands.py" />
            <source>Makes a virtual raster: nothing is copied</source>
            <translation>Erzeugt ein virtuelles Raster: Nichts wird kopiert</translation>
        </message>
        <message>
            <location filename="panels/classify/loose_bands.py" />
            <source>These {count} files of one band look like one scene of {product}: {bands}</source>
            <translation>Diese {count} Dateien mit je einem Band sehen nach einer Szene von {product} aus: {bands}</translation>
        </message>
        <message>
            <location filename="panels/classify/loose_bands.py" />
            <source>Making the virtual raster...</source>
            <translation>Das virtuelle Raster wird erzeugt ...</translation>
        </message>
        <message>
            <location filename="panels/classify/loose_bands.py" />
            <source>Save the virtual raster to</source>
            <translation>Virtuelles Raster speichern unter</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source> ha</source>
            <translation> ha</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>no minimum</source>
            <translation>keine Untergrenze</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>Smaller areas are merged into their neighbours</source>
            <translation>Kleinere Flächen werden ihren Nachbarn zugeschlagen</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>More</source>
            <translation>Weiteres</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>Fastest available</source>
            <translation>Schnellstes Gerät</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>Processor (CPU)</source>
            <translation>Prozessor (CPU)</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>Graphics card (CUDA)</source>
            <translation>Grafikkarte (CUDA)</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>Compute on</source>
            <translation>Rechnen auf</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Open the same in Processing: for batches, models, commands</source>
            <translation>Dasselbe in der Verarbeitung öffnen: für Stapel, Modelle, Befehle</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Classify layer</source>
            <translation>Layer klassifizieren</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Preview on {raster}</source>
            <translation>Vorschau auf {raster}</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Run</source>
            <translation>Sta&amp;rten</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Classify the area, and add the result to the map</source>
            <translation>Das Gebiet klassifizieren und das Ergebnis zur Karte hinzufügen</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Preview</source>
            <translation>&amp;Vorschau</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Preview what the canvas shows</source>
            <translation>Vorschau dessen, was die Kartenansicht zeigt</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Open as al&amp;gorithm...</source>
            <translation>Als Al&amp;gorithmus öffnen...</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>No head was found for this sensor: choose a head file</source>
            <translation>Für diesen Sensor wurde kein Klassifikationskopf gefunden: Wählen Sie eine Kopf-Datei</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Preview of the middle of what the canvas shows, so that it takes seconds</source>
            <translation>Vorschau der Mitte dessen, was die Kartenansicht zeigt, damit sie nur Sekunden dauert</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>{title}: done, added {names}</source>
            <translation>{title}: fertig, hinzugefügt: {names}</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Save classes to</source>
            <translation>Klassen speichern in</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Head</source>
            <translation>&amp;Kopf</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Area</source>
            <translation>Ge&amp;biet</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Detail</source>
            <translation>&amp;Detail</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Save to</source>
            <translation>&amp;Speichern in</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Classify {layer}</source>
            <translation>{layer} klassifizieren</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>The canvas does not show the raster: zoom to it first</source>
            <translation>Die Kartenansicht zeigt das Raster nicht: Zoomen Sie zuerst dorthin</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Preview of {layer}</source>
            <translation>Vorschau von {layer}</translation>
        </message>
        <message>
            <location filename="panels/run_row.py" />
            <source>Cancel</source>
            <translation>Abbrechen</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Done. Click another place, or set the threshold with the slider</source>
            <translation>Fertig. Einen anderen Ort anklicken oder mit dem Regler den Schwellenwert setzen</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Find similar places</source>
            <translation>Ähnliche Orte finden</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>small places</source>
            <translation>kleine Orte</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Click a place on the map</source>
            <translation>Ort auf der Karte anklicken</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Lowest similarity that is shown</source>
            <translation>Kleinste Ähnlichkeit, die gezeigt wird</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Press the button, then click a place: a tree, a roof, a kind of field</source>
            <translation>Die Schaltfläche drücken, dann einen Ort anklicken: einen Baum, ein Dach, eine Art Acker</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>{threshold:.2f} and more: {share:.1%} of the area (1: the same, 0: a random place)</source>
            <translation>{threshold:.2f} und mehr: {share:.1%} der Fläche (1: gleich, 0: ein zufälliger Ort)</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Show from</source>
            <translation>Zeigen ab</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Expected a place on the raster: click inside it</source>
            <translation>Erwartet wurde ein Ort auf dem Raster: Klicken Sie hinein</translation>
        </message>
        <message>
            <location filename="panels/similarity/search.py" />
            <source>comparing places</source>
            <translation>Orte werden verglichen</translation>
        </message>
        <message>
            <location filename="panels/similarity/search.py" />
            <source>computing features</source>
            <translation>Merkmale werden berechnet</translation>
        </message>
        <message>
            <location filename="panels/similarity/similarity_layer.py" />
            <source>{raster}: similarity</source>
            <translation>{raster}: Ähnlichkeit</translation>
        </message>
        <message>
            <location filename="panels/similarity/similarity_map.py" />
            <source>Expected a raster with valid pixels here, found none</source>
            <translation>Erwartet wurde hier ein Raster mit gültigen Pixeln, gefunden keines</translation>
        </message>
        <message>
            <location filename="panels/similarity/similarity_map.py" />
            <source>Expected a place with valid pixels, found nodata: click elsewhere</source>
            <translation>Erwartet wurde ein Ort mit gültigen Pixeln, gefunden nodata: Klicken Sie anderswo</translation>
        </message>
        <message>
            <location filename="panels/similarity/similarity_map.py" />
            <source>The layer could not be written to {path}</source>
            <translation>Der Layer ließ sich nicht nach {path} schreiben</translation>
        </message>
        <message>
            <location filename="panels/training/class_asker.py" />
            <source>New class...</source>
            <translation>Neue Klasse...</translation>
        </message>
        <message>
            <location filename="panels/training/class_asker.py" />
            <source>New class</source>
            <translation>Neue Klasse</translation>
        </message>
        <message>
            <location filename="panels/training/class_asker.py" />
            <source>Name of the class</source>
            <translation>Name der Klasse</translation>
        </message>
        <message>
            <location filename="panels/training/class_asker.py" />
            <source>Class of a training polygon</source>
            <translation>Klasse eines Trainingspolygons</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Classes and their polygons</source>
            <translation>Klassen und ihre Polygone</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Name of a new class</source>
            <translation>Name einer neuen Klasse</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>New class, e.g. forest</source>
            <translation>Neue Klasse, z. B. Wald</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Add</source>
            <translation>Hinzufügen</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Add the class</source>
            <translation>Die Klasse hinzufügen</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Class</source>
            <translation>Klasse</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Pixels</source>
            <translation>Pixel</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>no class yet</source>
            <translation>noch keine Klasse</translation>
        </message>
        <message>
            <location filename="panels/training/head_score.py" />
            <source>Mean IoU {miou:.2f}{before}, accuracy {accuracy:.0%}, on held-out polygons</source>
            <translation>Mittlere IoU {miou:.2f}{before}, Genauigkeit {accuracy:.0%}, in Polygonen, aus denen nicht gelernt wurde</translation>
        </message>
        <message>
            <location filename="panels/training/head_score.py" />
            <source> (before: {miou:.2f})</source>
            <translation> (vorher: {miou:.2f})</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Go to the place in the map where the head is least certain</source>
            <translation>Zu dem Ort der Karte gehen, an dem der Kopf am unsichersten ist</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Keep the head: Classify layer and the toolbox offer it from then on</source>
            <translation>Den Kopf behalten: „Layer klassifizieren“ und die Werkzeugkiste bieten ihn von da an an</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>The map is up to date</source>
            <translation>Die Karte ist auf dem neuesten Stand</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Place {number}: mean confidence {confidence:.0%}. Draw a polygon of what is right here, then train</source>
            <translation>Ort {number}: mittlere Konfidenz {confidence:.0%}. Zeichnen Sie ein Polygon dessen, was hier richtig ist, und trainieren Sie dann</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Train from polygons</source>
            <translation>Mit Polygonen trainieren</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Train</source>
            <translation>Trainieren</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Train a head on the polygons</source>
            <translation>Einen Kopf mit den Polygonen trainieren</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Apply to canvas</source>
            <translation>Ansicht kartieren</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Map what the canvas shows</source>
            <translation>Kartieren, was die Kartenansicht zeigt</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Next uncertain place</source>
            <translation>Zu unsicherem Ort</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Save head</source>
            <translation>Kopf speichern</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Update the map after each training</source>
            <translation>Karte nach jedem Training aktualisieren</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Name of the head</source>
            <translation>Name des Klassifikationskopfs</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Choose a layer of polygons, or make one with New</source>
            <translation>Wählen Sie einen Polygonlayer oder legen Sie mit „Neu“ einen an</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Next: polygons of two classes or more; best two of each, in different places</source>
            <translation>Als Nächstes: Polygone von zwei Klassen oder mehr; am besten je zwei, an verschiedenen Orten</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Only the first {count:,} polygons are counted here; training takes all</source>
            <translation>Nur die ersten {count:,} Polygone sind hier gezählt; das Training nimmt alle</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Training</source>
            <translation>Training</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Mapping</source>
            <translation>Kartierung</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>the model's own</source>
            <translation>die des Modells</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Trained on {count} classes</source>
            <translation>Trainiert auf {count} Klassen</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>The map has no place to show</source>
            <translation>Die Karte hat keinen Ort zu zeigen</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>A head "{name}" is there already. Replace it?</source>
            <translation>Einen Kopf „{name}“ gibt es schon. Ersetzen?</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Saved: "{name}" can now be chosen under Classify layer</source>
            <translation>Gespeichert: „{name}“ lässt sich jetzt unter „Layer klassifizieren“ wählen</translation>
        </message>
        <message>
            <location filename="panels/training/save_head.py" />
            <source>Expected a name for the head, of letters, digits, spaces, - and _</source>
            <translation>Erwartet wurde ein Name für den Klassifikationskopf aus Buchstaben, Ziffern, Leerzeichen, - und _</translation>
        </message>
        <message>
            <location filename="panels/training/save_head.py" />
            <source>The head could not be saved to {path}: {why}</source>
            <translation>Der Klassifikationskopf ließ sich nicht nach {path} speichern: {why}</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>give them a class, or they are left out</source>
            <translation>eine Klasse zuweisen, sonst werden sie ausgelassen</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>draw a polygon</source>
            <translation>ein Polygon zeichnen</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>one polygon: not scored; draw another elsewhere</source>
            <translation>ein Polygon: nicht bewertet; zeichnen Sie anderswo ein weiteres</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>no polygon lies on the raster</source>
            <translation>kein Polygon liegt auf dem Raster</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>overlaps {classes}: not used there</source>
            <translation>überlappt {classes}: dort nicht verwendet</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>{count} smaller than a pixel</source>
            <translation>{count} kleiner als ein Pixel</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>{count} not on the raster</source>
            <translation>{count} nicht auf dem Raster</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>Layer of training polygons</source>
            <translation>Layer der Trainingspolygone</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>choose, or make one with New</source>
            <translation>wählen oder „Neu“</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>New</source>
            <translation>Neu</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>A new layer of training polygons in the raster's CRS, ready to draw in</source>
            <translation>Ein neuer Layer für Trainingspolygone im KBS des Rasters, zum Zeichnen bereit</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>Temporary layer</source>
            <translation>Temporärer Layer</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>In a GeoPackage...</source>
            <translation>In einem GeoPackage...</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>Training polygons</source>
            <translation>Trainingspolygone</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>GeoPackage (*.gpkg)</source>
            <translation>GeoPackage (*.gpkg)</translation>
        </message>
        <message>
            <location filename="panels/training/training_layer.py" />
            <source>{raster}: training polygons</source>
            <translation>{raster}: Trainingspolygone</translation>
        </message>
        <message>
            <location filename="panels/training/training_layer.py" />
            <source>The layer could not be written to {path}: {why}</source>
            <translation>Der Layer ließ sich nicht nach {path} schreiben: {why}</translation>
        </message>
        <message>
            <location filename="plugin.py" />
            <source>Recognise the sensor of the active raster layer and classify it</source>
            <translation>Den Sensor des aktiven Rasterlayers erkennen und den Layer klassifizieren</translation>
        </message>
        <message>
            <location filename="plugin.py" />
            <source>Draw polygons, train a head on their classes, and map with it</source>
            <translation>Polygone zeichnen, einen Kopf mit ihren Klassen trainieren und damit kartieren</translation>
        </message>
        <message>
            <location filename="plugin.py" />
            <source>Click a place and see how similar every other place is</source>
            <translation>Einen Ort anklicken und sehen, wie ähnlich ihm jeder andere Ort ist</translation>
        </message>
        <message>
            <location filename="results/live_map.py" />
            <source>OFA-Net on {raster}</source>
            <translation>OFA-Net auf {raster}</translation>
        </message>
        <message>
            <location filename="results/live_map.py" />
            <source>{raster}: classes</source>
            <translation>{raster}: Klassen</translation>
        </message>
        <message>
            <location filename="results/live_map.py" />
            <source>{raster}: confidence</source>
            <translation>{raster}: Konfidenz</translation>
        </message>
        <message>
            <location filename="results/map_run.py" />
            <source>Polygons: {title}</source>
            <translation>Polygone: {title}</translation>
        </message>
        <message>
            <location filename="results/map_run.py" />
            <source>Confidence: {title}</source>
            <translation>Konfidenz: {title}</translation>
        </message>
        <message>
            <location filename="results/output_inputs.py" />
            <source>GeoTIFF (*.tif)</source>
            <translation>GeoTIFF (*.tif)</translation>
        </message>
        <message>
            <location filename="results/output_inputs.py" />
            <source>[Temporary file]</source>
            <translation>[Temporäre Datei]</translation>
        </message>
        <message>
            <location filename="results/output_inputs.py" />
            <source>[Temporary layer]</source>
            <translation>[Temporärer Layer]</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>Classes of {source} by the head {head}</source>
            <translation>Klassen von {source} nach dem Klassifikationskopf {head}</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>Areas of one class of {source} by the head {head}</source>
            <translation>Flächen je einer Klasse von {source} nach dem Klassifikationskopf {head}</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>Probability (0 to 1) of the winning class, of {source} by the head {head}</source>
            <translation>Wahrscheinlichkeit (0 bis 1) der gewinnenden Klasse, von {source} nach dem Klassifikationskopf {head}</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>Counted on the map, not corrected for its errors.</source>
            <translation>Auf der Karte gezählt, nicht um ihre Fehler berichtigt.</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>engine</source>
            <translation>Engine</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>source</source>
            <translation>Quelle</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>sensor</source>
            <translation>Sensor</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>unit of the values</source>
            <translation>Einheit der Werte</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>checkpoint</source>
            <translation>Checkpoint</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>fingerprint of the backbone</source>
            <translation>Fingerabdruck des Backbones</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>head</source>
            <translation>Klassifikationskopf</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>tile size, px</source>
            <translation>Kachelgröße, px</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>overlap of tiles</source>
            <translation>Überlappung der Kacheln</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>smallest area, ha</source>
            <translation>kleinste Fläche, ha</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>device</source>
            <translation>Gerät</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>date</source>
            <translation>Datum</translation>
        </message>
        <message>
            <location filename="runs/algorithm_task.py" />
            <source>{title} failed</source>
            <translation>{title}: fehlgeschlagen</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>{title}: done, but its project was closed meanwhile. The result is in {files}</source>
            <translation>{title}: fertig, aber sein Projekt wurde inzwischen geschlossen. Das Ergebnis liegt in {files}</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>waiting for another run to end</source>
            <translation>wartet auf das Ende eines anderen Laufs</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>starting</source>
            <translation>startet</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>{title}: cancelled, since its project was closed</source>
            <translation>{title}: abgebrochen, da sein Projekt geschlossen wurde</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>cancelling...</source>
            <translation>wird abgebrochen...</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>{title}: cancelled</source>
            <translation>{title}: abgebrochen</translation>
        </message>
        <message>
            <location filename="runs/run_list.py" />
            <source>Cancel: {title}</source>
            <translation>Abbrechen: {title}</translation>
        </message>
        <message>
            <location filename="runs/run_messages.py" />
            <source>Open report</source>
            <translation>Bericht öffnen</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Sentinel-1 radar</source>
            <translation>Sentinel-1-Radar</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Sentinel-2</source>
            <translation>Sentinel-2</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Gaofen and other 4-band</source>
            <translation>Gaofen und andere mit 4 Bändern</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>NAIP and other RGB</source>
            <translation>NAIP und andere RGB</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>EnMAP hyperspectral</source>
            <translation>EnMAP (hyperspektral)</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Sentinel-1 GRD</source>
            <translation>Sentinel-1 GRD</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>EnMAP L2A</source>
            <translation>EnMAP L2A</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Hyperspectral (PRISMA, EMIT, DESIS, AVIRIS, ...)</source>
            <translation>Hyperspektral (PRISMA, EMIT, DESIS, AVIRIS, ...)</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat 8/9 surface reflectance</source>
            <translation>Landsat 8/9, Reflexionsgrad am Boden</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat 4-7 surface reflectance</source>
            <translation>Landsat 4-7, Reflexionsgrad am Boden</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat 8/9 reflectance at the top of the atmosphere</source>
            <translation>Landsat-8/9-Reflexion am Oberrand der Atmosphäre</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat 4-7 reflectance at the top of the atmosphere</source>
            <translation>Landsat-4-7-Reflexion am Oberrand der Atmosphäre</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat surface reflectance</source>
            <translation>Landsat, Reflexionsgrad am Boden</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat surface reflectance, of Landsat 8 or 9 or before</source>
            <translation>Landsat, Reflexionsgrad am Boden, von Landsat 8 oder 9 oder früher</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>HLS L30 reflectance</source>
            <translation>HLS L30, Reflexionsgrad</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Sentinel-2 L1C</source>
            <translation>Sentinel-2 L1C</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Sentinel-2 L2A</source>
            <translation>Sentinel-2 L2A</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Sentinel-2, bands of 10 m</source>
            <translation>Sentinel-2, Bänder mit 10 m</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Sentinel-2, visible bands</source>
            <translation>Sentinel-2, sichtbare Bänder</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>PlanetScope 8-band</source>
            <translation>PlanetScope mit 8 Bändern</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>PlanetScope 4-band</source>
            <translation>PlanetScope, 4 Bänder</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Gaofen-6 WFV, 8 bands</source>
            <translation>Gaofen-6 WFV, 8 Bänder</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Gaofen-1, -2 or -6, 4 bands</source>
            <translation>Gaofen-1, -2 oder -6, 4 Bänder</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Pleiades or SPOT 6/7, 4 bands</source>
            <translation>Pleiades oder SPOT 6/7, 4 Bänder</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>QuickBird, GeoEye or WorldView, 4 bands</source>
            <translation>QuickBird, GeoEye oder WorldView, 4 Bänder</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>RapidEye</source>
            <translation>RapidEye</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>WorldView-2/3 multispectral</source>
            <translation>WorldView-2/3 multispektral</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Five-band multispectral (RapidEye, MicaSense and other drones)</source>
            <translation>Multispektral mit fünf Bändern (RapidEye, MicaSense und andere Drohnen)</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>RGB and near infrared</source>
            <translation>RGB und nahes Infrarot</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>RGB and near infrared, with other bands</source>
            <translation>RGB und nahes Infrarot, mit weiteren Bändern</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>RGB image</source>
            <translation>RGB-Bild</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>decibel</source>
            <translation>Dezibel</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>linear power</source>
            <translation>Leistung (linear)</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>8-bit amplitude of radar</source>
            <translation>Radar-Amplitude mit 8 Bit</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>reflectance 0..1</source>
            <translation>Reflexionsgrad 0..1</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>reflectance 0..1 with Sentinel-2's offset of +0.1</source>
            <translation>Reflexionsgrad 0..1 mit Sentinel-2-Offset von +0,1</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>DN = reflectance x 10000</source>
            <translation>DN = Reflexionsgrad x 10000</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>DN = reflectance x 10000 with Sentinel-2's offset of +1000</source>
            <translation>DN = Reflexionsgrad x 10000 mit Sentinel-2-Offset von +1000</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>DN of Landsat Collection 2 level 2</source>
            <translation>DN von Landsat Collection 2, Stufe 2</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>reflectance x 65535</source>
            <translation>Reflexionsgrad x 65535</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>8-bit grey values 0..255</source>
            <translation>8-Bit-Grauwerte 0..255</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>16-bit grey values 0..65535</source>
            <translation>Grauwerte 0..65535 (16 Bit)</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>Checking the engine's Python</source>
            <translation>Das Python der Engine wird geprüft</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>Creating the engine's environment</source>
            <translation>Die Umgebung der Engine wird angelegt</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>Removing the engine's environment</source>
            <translation>Die Umgebung der Engine wird entfernt</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>Looking for Pythons</source>
            <translation>Python-Installationen werden gesucht</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>Checking that it works</source>
            <translation>Es wird geprüft, ob sie funktioniert</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>The engine's environment was removed</source>
            <translation>Die Umgebung der Engine wurde entfernt</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>install from a folder of wheels</source>
            <translation>installieren Sie aus einem Ordner mit Wheels</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>or let the plugin create an environment</source>
            <translation>oder lassen Sie das Plugin eine Umgebung anlegen</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>The environment lacks what the engine needs: {packages}{more}. Install it there (the diagnosis has the command), {create}.</source>
            <translation>Der Umgebung fehlt, was die Engine braucht: {packages}{more}. Installieren Sie es dort (der Befehl steht in der Diagnose), {create}.</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>The engine {engine} works: torch {torch} on {device}, Python {python}</source>
            <translation>Die Engine {engine} funktioniert: torch {torch} auf {device}, Python {python}</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>the processor (CPU)</source>
            <translation>dem Prozessor (CPU)</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>Expected the Python of an environment, found no file {path}: choose another, {create}.</source>
            <translation>Erwartet wurde das Python einer Umgebung, gefunden keine Datei {path}: Wählen Sie ein anderes, {create}.</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>Expected a program called python, found {name}: choose the environment's python, {create}.</source>
            <translation>Erwartet wurde ein Programm namens python, gefunden {name}: Wählen Sie das python der Umgebung, {create}.</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>{path} is no Python that can be used; it ended with exit code {code} and printed: {output} Choose another, {create}.</source>
            <translation>{path} ist kein brauchbares Python; es endete mit Code {code} und meldete: {output} Wählen Sie ein anderes, {create}.</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>Expected Python {minimum} or newer, found {found}: choose another, {create}.</source>
            <translation>Erwartet wurde Python {minimum} oder neuer, gefunden {found}: Wählen Sie ein anderes, {create}.</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>The packages are there, but a tiny model could not be computed: {why}. Where the GPU is the cause, update its driver, {create} for the CPU.</source>
            <translation>Die Pakete sind da, aber ein winziges Modell ließ sich nicht berechnen: {why}. Wenn die GPU die Ursache ist, aktualisieren Sie ihren Treiber, {create} (für die CPU).</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>The engine that answered is version {found}, this plugin brings {expected}: run "{path} -m pip uninstall ofanet", {create}.</source>
            <translation>Geantwortet hat die Engine in Version {found}, dieses Plugin bringt {expected} mit: Führen Sie "{path} -m pip uninstall ofanet" aus, {create}.</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>{name} is missing</source>
            <translation>{name} fehlt</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>{name} is {version}, expected {minimum} or newer</source>
            <translation>{name} ist {version}, erwartet wird {minimum} oder neuer</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>{name} cannot be loaded ({why})</source>
            <translation>{name} lässt sich nicht laden ({why})</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>{path} could not be started ({why}): choose another Python, {create}.</source>
            <translation>{path} ließ sich nicht starten ({why}): Wählen Sie ein anderes Python, {create}.</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>nothing.</source>
            <translation>nichts.</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source> and {count} more</source>
            <translation> und {count} weitere</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>This Python has no venv module: choose another, or install it ("sudo apt install python3-venv").</source>
            <translation>Dieses Python hat kein Modul venv: Wählen Sie ein anderes oder installieren Sie es ("sudo apt install python3-venv").</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>The disk is full: free some space and press Continue.</source>
            <translation>Der Datenträger ist voll: Schaffen Sie Platz und wählen Sie „Fortsetzen“.</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>The network's certificate is not trusted: ask your IT department for a pip.conf with its certificate, or install from a folder of wheels.</source>
            <translation>Dem Zertifikat des Netzwerks wird nicht vertraut: Bitten Sie Ihre IT-Abteilung um eine pip.conf mit ihrem Zertifikat, oder installieren Sie aus einem Ordner mit Wheels.</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>The proxy refused: see Settings &gt; Options &gt; Network, or install from a folder of wheels.</source>
            <translation>Der Proxy hat abgelehnt: Siehe Einstellungen &gt; Optionen &gt; Netzwerk, oder installieren Sie aus einem Ordner mit Wheels.</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>The network was not reached: check it and press Continue, or install from a folder of wheels.</source>
            <translation>Das Netzwerk war nicht erreichbar: Prüfen Sie es und wählen Sie „Fortsetzen“, oder installieren Sie aus einem Ordner mit Wheels.</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>There is no {package} for this Python and system: choose another Python.</source>
            <translation>{package} gibt es nicht für dieses Python und System: Wählen Sie ein anderes Python.</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>It printed nothing.</source>
            <translation>Es gab nichts aus.</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>Downloading {file}: {now} of {total} MB</source>
            <translation>{file} wird heruntergeladen: {now} von {total} MB</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>The folder {folder} has no wheel of {package} for this Python and system.</source>
            <translation>Der Ordner {folder} enthält kein Wheel von {package} für dieses Python und System.</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>Looking for {package}</source>
            <translation>{package} wird gesucht</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>Unpacking {count} packages; this takes minutes</source>
            <translation>{count} Pakete werden entpackt; das dauert einige Minuten</translation>
        </message>
        <message>
            <location filename="setup/python_finder.py" />
            <source>it has no venv module (on Debian and Ubuntu: "sudo apt install python3-venv")</source>
            <translation>es hat kein Modul venv (unter Debian und Ubuntu: "sudo apt install python3-venv")</translation>
        </message>
        <message>
            <location filename="setup/python_finder.py" />
            <source>Python {version} ({path})</source>
            <translation>Python {version} ({path})</translation>
        </message>
        <message>
            <location filename="setup/python_finder.py" />
            <source>older than {minimum}</source>
            <translation>älter als {minimum}</translation>
        </message>
        <message>
            <location filename="setup/setup_pages.py" />
            <source>Set up the OFA-Net engine</source>
            <translation>OFA-Net-Engine einrichten</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Remove the engine's environment? The folder {folder} is deleted; OFA-Net needs an engine to compute, so you would have to set up another one.</source>
            <translation>Die Umgebung der Engine entfernen? Der Ordner {folder} wird gelöscht; OFA-Net braucht zum Rechnen eine Engine, Sie müssten also eine andere einrichten.</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>{size:.1f} GB</source>
            <translation>{size:.1f} GB</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Use an existing environment</source>
            <translation>Eine vorhandene Umgebung verwenden</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Python of the engine's environment</source>
            <translation>Python der Umgebung der Engine</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>The environment's python, or its folder</source>
            <translation>Das python der Umgebung oder ihr Ordner</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Check and &amp;use</source>
            <translation>Prüfen und &amp;verwenden</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Let the plugin create one</source>
            <translation>Das Plugin eine anlegen lassen</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Created with</source>
            <translation>Angelegt mit</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Computes on</source>
            <translation>Rechnet auf</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Other...</source>
            <translation>Anderes...</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Another Python to create it with</source>
            <translation>Ein anderes Python, mit dem sie angelegt wird</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Without network, from a &amp;folder of wheels</source>
            <translation>Ohne Netzwerk, aus einem &amp;Ordner mit Wheels</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Folder of wheels</source>
            <translation>Ordner mit Wheels</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Show &amp;log</source>
            <translation>Protoko&amp;ll zeigen</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Log</source>
            <translation>Protokoll</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Copy &amp;diagnosis</source>
            <translation>&amp;Diagnose kopieren</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>What a bug report needs: versions, the environment's packages, the end of the log</source>
            <translation>Was ein Fehlerbericht braucht: Versionen, die Pakete der Umgebung, das Ende des Protokolls</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>&amp;Continue</source>
            <translation>&amp;Fortsetzen</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>&amp;Update</source>
            <translation>&amp;Aktualisieren</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Re&amp;pair</source>
            <translation>&amp;Reparieren</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>No engine is set up yet</source>
            <translation>Noch ist keine Engine eingerichtet</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Looking for Pythons on this machine...</source>
            <translation>Python-Installationen auf diesem Rechner werden gesucht...</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>The folder {folder} holds files that are not the plugin's: move them away.</source>
            <translation>Der Ordner {folder} enthält Dateien, die nicht vom Plugin stammen: Verschieben Sie sie.</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>No Python was found that can create one: install Python 3.10 or newer from python.org (on Debian and Ubuntu: python3-venv), or choose one with Other...</source>
            <translation>Es wurde kein Python gefunden, mit dem sich eine anlegen ließe: Installieren Sie Python 3.10 oder neuer von python.org (unter Debian und Ubuntu: python3-venv) oder wählen Sie eines mit „Anderes...“</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>; nothing is downloaded.</source>
            <translation>; heruntergeladen wird nichts.</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>A Python 3.10 or newer</source>
            <translation>Ein Python 3.10 oder neuer</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>OFA-Net computes in a Python environment of its own, outside of QGIS. Nothing is installed into QGIS's Python, and nothing is downloaded before you press Create.</source>
            <translation>OFA-Net rechnet in einer eigenen Python-Umgebung außerhalb von QGIS. In das Python von QGIS wird nichts installiert, und es wird nichts heruntergeladen, bevor Sie „Anlegen“ wählen.</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>&amp;Create</source>
            <translation>A&amp;nlegen</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Processor (CPU); no NVIDIA GPU was found</source>
            <translation>Prozessor (CPU); keine NVIDIA-GPU gefunden</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Choose the folder of wheels.</source>
            <translation>Wählen Sie den Ordner mit Wheels.</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Takes about {disk} in {folder} ({free} are free)</source>
            <translation>Braucht etwa {disk} in {folder} ({free} sind frei)</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>; about {size} are downloaded from pypi.org and pytorch.org.</source>
            <translation>; etwa {size} werden von pypi.org und pytorch.org heruntergeladen.</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>; missing packages are downloaded from pypi.org and pytorch.org.</source>
            <translation>; was fehlt, wird von pypi.org und pytorch.org heruntergeladen.</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source> There is not enough space.</source>
            <translation> Der Platz reicht nicht.</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>In use: {python}</source>
            <translation>In Gebrauch: {python}</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>An earlier attempt was not finished; Continue completes it. </source>
            <translation>Ein früherer Versuch wurde nicht abgeschlossen; „Fortsetzen“ führt ihn zu Ende. </translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>It was created for another version of the plugin and must be updated. </source>
            <translation>Sie wurde für eine andere Version des Plugins angelegt und muss aktualisiert werden. </translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>It is in {folder}</source>
            <translation>Liegt in {folder}</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>NVIDIA GPU (its driver has CUDA {driver})</source>
            <translation>NVIDIA-GPU (ihr Treiber hat CUDA {driver})</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Expected {folder} to be empty or made by this plugin, found other files: move them away.</source>
            <translation>Erwartet wurde, dass {folder} leer oder von diesem Plugin angelegt ist, gefunden andere Dateien: Verschieben Sie sie.</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Creating the environment</source>
            <translation>Umgebung wird angelegt</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Updating pip</source>
            <translation>pip wird erneuert</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Installing the engine's packages</source>
            <translation>Die Pakete der Engine werden installiert</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Not all of {folder} could be removed: {why}. Close what uses it and try again.</source>
            <translation>{folder} ließ sich nicht ganz entfernen: {why}. Schließen Sie, was ihn benutzt, und versuchen Sie es noch einmal.</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Installing from the folder</source>
            <translation>Installation aus dem Ordner</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Installing PyTorch</source>
            <translation>PyTorch wird installiert</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>{title} failed. {why}</source>
            <translation>{title}: fehlgeschlagen. {why}</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Expected a folder of wheels, found none at {folder}.</source>
            <translation>Erwartet wurde ein Ordner mit Wheels, gefunden keiner unter {folder}.</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Nothing was removed: {folder} was not made by this plugin.</source>
            <translation>Nichts wurde entfernt: {folder} wurde nicht von diesem Plugin angelegt.</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>{program} could not be started: {why}.</source>
            <translation>{program} ließ sich nicht starten: {why}.</translation>
        </message>
        <message>
            <location filename="widgets/class_chips.py" />
            <source>and {count} more</source>
            <translation>und {count} weitere</translation>
        </message>
        <message>
            <location filename="widgets/class_chips.py" />
            <source>Classes: {names}</source>
            <translation>Klassen: {names}</translation>
        </message>
        <message>
            <location filename="widgets/confusion_matrix.py" />
            <source>Confusion matrix</source>
            <translation>Konfusionsmatrix</translation>
        </message>
        <message>
            <location filename="widgets/confusion_matrix.py" />
            <source>found as, in %</source>
            <translation>erkannt als, in %</translation>
        </message>
        <message>
            <location filename="widgets/confusion_matrix.py" />
            <source>{name}: found as {found}</source>
            <translation>{name}: erkannt als {found}</translation>
        </message>
        <message>
            <location filename="widgets/confusion_matrix.py" />
            <source>{name}: not scored</source>
            <translation>{name}: nicht bewertet</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>All polygons, since none is selected</source>
            <translation>Alle Polygone, da keines ausgewählt ist</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Area</source>
            <translation>Gebiet</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Layer of polygons</source>
            <translation>Polygonlayer</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Draw a rectangle on the map</source>
            <translation>Rechteck auf der Karte zeichnen</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Choose a raster first</source>
            <translation>Wählen Sie zuerst ein Raster</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>The raster is not georeferenced: only the whole layer can be computed</source>
            <translation>Das Raster ist nicht georeferenziert: Nur der ganze Layer lässt sich berechnen</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Add a layer of polygons to the project, or choose another area</source>
            <translation>Fügen Sie dem Projekt einen Polygonlayer hinzu oder wählen Sie ein anderes Gebiet</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>The layer of polygons is empty: draw one, or choose another area</source>
            <translation>Der Polygonlayer ist leer: Zeichnen Sie ein Polygon oder wählen Sie ein anderes Gebiet</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Draw a rectangle on the map first</source>
            <translation>Zeichnen Sie zuerst ein Rechteck auf der Karte</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Whole layer</source>
            <translation>Ganzer Layer</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>What the canvas shows</source>
            <translation>Was die Kartenansicht zeigt</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Selected polygons</source>
            <translation>Ausgewählte Polygone</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Drawn rectangle</source>
            <translation>Gezeichnetes Rechteck</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>The raster has no extent</source>
            <translation>Das Raster hat keine Ausdehnung</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>{polygons}; within {size}</source>
            <translation>{polygons}; innerhalb von {size}</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Selected: {count:,}</source>
            <translation>Ausgewählt: {count:,}</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>The polygons do not touch the raster: select others</source>
            <translation>Die Polygone berühren das Raster nicht: Wählen Sie andere aus</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>The rectangle does not touch the raster: draw another</source>
            <translation>Das Rechteck berührt das Raster nicht: Zeichnen Sie ein anderes</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>{columns:,} x {rows:,} pixels</source>
            <translation>{columns:,} x {rows:,} Pixel</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>{area} ha</source>
            <translation>{area} ha</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>Other file...</source>
            <translation>Andere Datei...</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>Choose the file of a head that is in none of the folders</source>
            <translation>Die Datei eines Kopfs wählen, der in keinem der Ordner liegt</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>Everything that the file says about the head</source>
            <translation>Alles, was die Datei über den Kopf sagt</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>The head is for {sensor}: choose it as the sensor</source>
            <translation>Der Kopf ist für {sensor}: Wählen Sie diesen Sensor</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>{task}; tiles of {px} pixels</source>
            <translation>{task}; Kacheln mit {px} Pixeln</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source> ({metres} m)</source>
            <translation> ({metres} m)</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>Default for this layer, by sensor, pixel size and bands</source>
            <translation>Vorgabe für diesen Layer, nach Sensor, Pixelgröße und Bändern</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>{star} default for this layer; </source>
            <translation>{star} Vorgabe für diesen Layer; </translation>
        </message>
        <message>
            <location filename="widgets/raster_facts_loader.py" />
            <source>{path} cannot be read</source>
            <translation>{path} ist nicht lesbar</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>certain</source>
            <translation>sicher</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>likely</source>
            <translation>wahrscheinlich</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>ambiguous: please check</source>
            <translation>mehrdeutig: bitte prüfen</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>Raster</source>
            <translation>Raster</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>Recognised as</source>
            <translation>Erkannt als</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>Add a raster to the project</source>
            <translation>Fügen Sie dem Projekt ein Raster hinzu</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>Looking at the raster...</source>
            <translation>Raster wird gelesen...</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>The raster was not recognised: choose its sensor, bands and unit</source>
            <translation>Das Raster wurde nicht erkannt: Wählen Sie Sensor, Bänder und Einheit</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>{sensor}, looking at the values...</source>
            <translation>{sensor}, Werte werden gelesen...</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>Not recognised</source>
            <translation>Nicht erkannt</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>; or: </source>
            <translation>; oder: </translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>The raster's band for each band of the sensor, from 1; a dash for a missing one</source>
            <translation>Das Band des Rasters für jedes Band des Sensors, ab 1; ein Strich für ein fehlendes</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>As text</source>
            <translation>Als Text</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>As recognised</source>
            <translation>Wie erkannt</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>Back to the bands that were recognised</source>
            <translation>Zurück zu den erkannten Bändern</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>one entry each for {names}</source>
            <translation>je ein Eintrag für {names}</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>{read} of the sensor's {count} bands</source>
            <translation>{read} der {count} Bänder des Sensors</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>red</source>
            <translation>Rot</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>green</source>
            <translation>Grün</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>blue</source>
            <translation>Blau</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>alpha</source>
            <translation>Alpha</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>- (missing)</source>
            <translation>- (fehlt)</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>Band</source>
            <translation>Band</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>Band of the raster</source>
            <translation>Band des Rasters</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>Wavelength</source>
            <translation>Wellenlänge</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>Band of the raster for {band}</source>
            <translation>Band des Rasters für {band}</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>Band {number}</source>
            <translation>Band {number}</translation>
        </message>
        <message>
            <location filename="widgets/reading/reading_box.py" />
            <source>How the raster is read</source>
            <translation>Wie das Raster gelesen wird</translation>
        </message>
        <message>
            <location filename="widgets/reading/reading_box.py" />
            <source>as recognised</source>
            <translation>wie erkannt</translation>
        </message>
        <message>
            <location filename="widgets/reading/reading_box.py" />
            <source>Smaller tiles see finer detail, and take longer</source>
            <translation>Kleinere Kacheln zeigen feinere Einzelheiten und dauern länger</translation>
        </message>
        <message>
            <location filename="widgets/reading/reading_box.py" />
            <source>Tile size in pixels</source>
            <translation>Kachelgröße in Pixeln</translation>
        </message>
        <message>
            <location filename="widgets/reading/reading_box.py" />
            <source>auto: {answer}</source>
            <translation>auto: {answer}</translation>
        </message>
        <message>
            <location filename="widgets/reading/thumbnail.py" />
            <source>{names} of the sensor as red, green and blue: bands {numbers} of the raster</source>
            <translation>{names} des Sensors als Rot, Grün und Blau: Bänder {numbers} des Rasters</translation>
        </message>
        <message>
            <location filename="widgets/reading/thumbnail.py" />
            <source>Picture of the raster</source>
            <translation>Bild des Rasters</translation>
        </message>
        <message>
            <location filename="widgets/reading/thumbnail.py" />
            <source>as true colour</source>
            <translation>als Echtfarben</translation>
        </message>
        <message>
            <location filename="widgets/reading/units_input.py" />
            <source>scale and offset...</source>
            <translation>Faktor und Versatz ...</translation>
        </message>
        <message>
            <location filename="widgets/reading/units_input.py" />
            <source>Scale</source>
            <translation>Faktor</translation>
        </message>
        <message>
            <location filename="widgets/reading/units_input.py" />
            <source>Offset</source>
            <translation>Versatz</translation>
        </message>
        <message>
            <location filename="widgets/reading/units_input.py" />
            <source>To reflectance from 0 to 1, or to decibel</source>
            <translation>Zu Reflexionsgrad von 0 bis 1 oder zu Dezibel</translation>
        </message>
        <message>
            <location filename="widgets/reading/units_input.py" />
            <source>value x</source>
            <translation>Wert x</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>The raster is processed in square tiles. Tiles of half the size show finer detail and take four times as long, tiles of twice the size a quarter of the time. The head was trained at Balanced.</source>
            <translation>Das Raster wird in quadratischen Kacheln verarbeitet. Halb so große Kacheln zeigen feinere Einzelheiten und dauern viermal so lang, doppelt so große brauchen ein Viertel der Zeit. Der Kopf wurde mit „Ausgewogen“ trainiert.</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>{tiles:,} tiles; {time}; up to about {gb:.1f} GB of memory</source>
            <translation>{tiles:,} Kacheln; {time}; bis zu etwa {gb:.1f} GB Speicher</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>Detail</source>
            <translation>Detail</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source> px</source>
            <translation> px</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>From earlier runs with the same checkpoint and device, or measured on a few tiles; tiles without valid pixels are skipped</source>
            <translation>Aus früheren Läufen mit demselben Checkpoint und Gerät, oder an einigen Kacheln gemessen; Kacheln ohne gültige Pixel werden übersprungen</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>Fast</source>
            <translation>Schnell</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>Balanced</source>
            <translation>Ausgewogen</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>Fine</source>
            <translation>Fein</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>Own tile size</source>
            <translation>Eigene Kachelgröße</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>{choice}: tiles of {px} pixels, about {time}</source>
            <translation>{choice}: Kacheln mit {px} Pixeln, etwa {time}</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>measuring how long it takes...</source>
            <translation>die Dauer wird gemessen ...</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>about {time} on this processor, {gpu_time} on the graphics card</source>
            <translation>etwa {time} auf diesem Prozessor, {gpu_time} auf der Grafikkarte</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>about {time} on this processor</source>
            <translation>etwa {time} auf diesem Prozessor</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>about {time} on the graphics card</source>
            <translation>etwa {time} auf der Grafikkarte</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>{choice}: tiles of {px} pixels</source>
            <translation>{choice}: Kacheln mit {px} Pixeln</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>how long it takes is known after the first run</source>
            <translation>die Dauer ist nach dem ersten Lauf bekannt</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>about {time}</source>
            <translation>etwa {time}</translation>
        </message>
    </context>
</TS>
