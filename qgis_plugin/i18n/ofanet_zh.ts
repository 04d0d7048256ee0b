<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
    <context>
        <name>OFA-Net</name>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>Assess accuracy</source>
            <translation>精度评价</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>Compares the map that a head makes with labels that you trust, and writes a report: overall accuracy, user's and producer's accuracy, F1 and IoU of each class, and the confusion matrix.

With polygons or label rasters it says how good the head is where these lie; take others than those the head was trained on. With the points of "Sample points for an accuracy assessment", their field "reference" filled in, it estimates the accuracy of the whole map and the area of each class, with confidence intervals. Selection, filter and unsaved edits of the labels count.</source>
            <translation>将分类头生成的图与您信任的标签进行比较，并生成报告：总体精度、用户精度与生产者精度、各类别的 F1 和 IoU，以及混淆矩阵。

使用多边形或标签栅格时，报告说明分类头在这些位置的表现；请使用训练该分类头时没有用过的标签。使用“生成精度评价样点”得到的点并填写其字段“reference”后，则估计整幅图的精度和各类别的面积，并给出置信区间。标签的选择、过滤和未保存的编辑都会计入。</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>accuracy</source>
            <translation>精度</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>validation</source>
            <translation>验证</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>confusion matrix</source>
            <translation>混淆矩阵</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>error matrix</source>
            <translation>误差矩阵</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>kappa</source>
            <translation>kappa</translation>
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
            <translation>报告</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>area</source>
            <translation>面积</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>{head}: overall accuracy {accuracy}{interval}, kappa {kappa}, mean IoU {miou}</source>
            <translation>{head}：总体精度 {accuracy}{interval}，kappa {kappa}，平均 IoU {miou}</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>{name}: user's accuracy {users}, producer's accuracy {producers}, IoU {iou}, {labelled:,} {unit}{area}</source>
            <translation>{name}：用户精度 {users}，生产者精度 {producers}，IoU {iou}，{labelled:,} {unit}{area}</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>The share of labels, or of the map's area, for which the map is right.</source>
            <translation>图与标签一致的比例：占标签的比例，或占全图面积的比例。</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>How well map and labels cover each other, as the mean of all classes, so that rare ones count.</source>
            <translation>图与标签相互重合的程度，取所有类别的平均值，因此稀少的类别同样计入。</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>polygons or points with a class field, or sampled points</source>
            <translation>带类别字段的多边形或点，或样点</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>Report</source>
            <translation>报告</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>HTML files (*.html)</source>
            <translation>HTML 文件 (*.html)</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>A page with all scores and the confusion matrix, for any browser.</source>
            <translation>含全部得分和混淆矩阵的网页，可用任何浏览器打开。</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>Overall accuracy (0 to 1)</source>
            <translation>总体精度（0 到 1）</translation>
        </message>
        <message>
            <location filename="algorithms/assessaccuracy.py" />
            <source>Mean IoU (0 to 1)</source>
            <translation>平均 IoU（0 到 1）</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>Classify tiles (one class per tile)</source>
            <translation>图块分类（每个图块一个类别）</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>Cuts the raster into tiles that do not overlap and labels each with a class of the chosen head: one polygon per tile, with class, name and confidence. The tile size is the head's own unless you set one.

It is quick and coarse, and needs a head for this task. For borders to the pixel, use "Segment".</source>
            <translation>将栅格切成互不重叠的图块，并用所选分类头的类别标注每个图块：每个图块一个多边形，带类别、名称和置信度。除非您另行指定，图块大小采用分类头自身的大小。

速度快但较粗略，并且需要用于此任务的分类头。如需精确到像素的边界，请使用“分割”。</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>patch</source>
            <translation>图斑</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>scene classification</source>
            <translation>场景分类</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>land cover</source>
            <translation>土地覆盖</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>deep learning</source>
            <translation>深度学习</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>sampling grid</source>
            <translation>采样格网</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>One polygon per tile: class (a number), name, and confidence from 0 to 1. Styled when it is loaded.</source>
            <translation>每个图块一个多边形：class（数字）、name，以及 0 到 1 的 confidence。加载时自动设置样式。</translation>
        </message>
        <message>
            <location filename="algorithms/classify.py" />
            <source>Tiles</source>
            <translation>图块</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Maps</source>
            <translation>制图</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Heads and accuracy</source>
            <translation>分类头与精度</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Rasters</source>
            <translation>栅格</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Expected {count} layers that can be opened, found {found}: {names}</source>
            <translation>应有 {count} 个可以打开的图层，实际为 {found} 个：{names}</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Expected a head for "{verb}", found one for "{task}": {path}</source>
            <translation>应为用于“{verb}”的分类头，实际是用于“{task}”的：{path}</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Expected a file of its own for {name}, found {path}: choose a file name</source>
            <translation>{name} 应有自己的文件，实际为 {path}：请选择一个文件名</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>coordinate systems and no data values that are not the same for all layers</source>
            <translation>各图层不一致的坐标系和无数据值</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>the layer's own coordinate system and no data values</source>
            <translation>图层自身的坐标系和无数据值</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>{done} of {total} tiles</source>
            <translation>{done} / {total} 个图块</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>Set in QGIS, but not used here: {what}</source>
            <translation>已在 QGIS 中设置，但此处未使用：{what}</translation>
        </message>
        <message>
            <location filename="algorithms/common.py" />
            <source>, about {time} left</source>
            <translation>，约剩 {time}</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Detect sensor</source>
            <translation>识别传感器</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Recognises Sentinel-1, Sentinel-2, Gaofen, NAIP and EnMAP rasters by their bands, and says how sure that is and why. A raster that fits none is refused with what to do. Set the sensor to see how a raster would be read as that one.</source>
            <translation>根据波段识别 Sentinel-1、Sentinel-2、高分（Gaofen）、NAIP 和 EnMAP 栅格，并说明把握程度和理由。不符合任何一种的栅格会被拒绝，并提示应如何处理。指定传感器可以查看栅格按该传感器会如何读取。</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>satellite</source>
            <translation>卫星</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>bands</source>
            <translation>波段</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>band order</source>
            <translation>波段顺序</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>identify</source>
            <translation>识别</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>metadata</source>
            <translation>元数据</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Landsat</source>
            <translation>Landsat</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Product</source>
            <translation>产品</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>What the file is; empty where that is not known.</source>
            <translation>文件是什么产品；未知时为空。</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Product in words</source>
            <translation>产品说明</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>With the sensor that it is read as, and what that lacks.</source>
            <translation>包括按哪种传感器读取，以及缺少哪些波段。</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Sensor</source>
            <translation>传感器</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>What the other algorithms take as their sensor.</source>
            <translation>其他算法的传感器参数所用的值。</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Confidence</source>
            <translation>置信度</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>certain, likely, or ambiguous: then please check it.</source>
            <translation>certain（确定）、likely（很可能）或 ambiguous（不明确，请核对）。</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Reason</source>
            <translation>理由</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>How sensor, band order and unit were found.</source>
            <translation>判断传感器、波段顺序和单位的依据。</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Band order</source>
            <translation>波段顺序</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>The raster's band for each band of the sensor; a dash where it has none.</source>
            <translation>传感器各波段对应的栅格波段；没有的用短横线。</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Unit</source>
            <translation>单位</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>What the raster's numbers mean.</source>
            <translation>栅格数值的含义。</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>Sensors it may be</source>
            <translation>可能的传感器</translation>
        </message>
        <message>
            <location filename="algorithms/detectsensor.py" />
            <source>With commas between them, the likeliest first.</source>
            <translation>以逗号分隔，可能性最大的在前。</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>Embed (features per token)</source>
            <translation>特征提取（每个 token 的特征）</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>Writes the features that the shared backbone makes of the raster: one cell per token (1/14 of a tile), one band per feature. They serve other tools as input: clustering, similarity search, a classifier of your own. On request also a picture of their three main components, in which similar places have similar colours.</source>
            <translation>写出共享骨干网络从栅格中提取的特征：每个 token（图块的 1/14）一个像元，每个特征一个波段。可作为其他工具的输入：聚类、相似性搜索、您自己的分类器。还可以生成三个主成分的图像，其中相似的地方颜色相近。</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>embeddings</source>
            <translation>嵌入</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>features</source>
            <translation>特征</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>foundation model</source>
            <translation>基础模型</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>PCA</source>
            <translation>PCA</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>clustering</source>
            <translation>聚类</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>similarity</source>
            <translation>相似性</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>The features' three main components as red, green and blue: similar places have similar colours.</source>
            <translation>以红、绿、蓝显示特征的三个主成分：相似的地方颜色相近。</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>Features</source>
            <translation>特征</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>A raster with one band for each feature, and larger cells than the input's.</source>
            <translation>每个特征一个波段的栅格，像元比输入栅格的大。</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>Picture of three components</source>
            <translation>三个主成分的图像</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>{layer} features</source>
            <translation>{layer} 特征</translation>
        </message>
        <message>
            <location filename="algorithms/embed.py" />
            <source>{layer} features, picture</source>
            <translation>{layer} 特征图像</translation>
        </message>
        <message>
            <location filename="algorithms/examples.py" />
            <source>Detect, segment and clip to an area</source>
            <translation>识别、分割并裁剪到区域</translation>
        </message>
        <message>
            <location filename="algorithms/examples.py" />
            <source>One head over a folder of scenes</source>
            <translation>用一个分类头处理整个文件夹的影像</translation>
        </message>
        <message>
            <location filename="algorithms/examples.py" />
            <source>Example models</source>
            <translation>示例模型</translation>
        </message>
        <message>
            <location filename="algorithms/examples.py" />
            <source>To change it: Processing &gt; Graphical Modeler, there Model &gt; Open Model, and this file: {path}</source>
            <translation>如需修改：打开 数据处理 &gt; 图形建模器，在其中选择 模型 &gt; 打开模型，然后选择此文件：{path}</translation>
        </message>
        <message>
            <location filename="algorithms/examples.py" />
            <source>Classes in the area</source>
            <translation>区域内的类别</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>A layer in any coordinate system, with a field of classes, as text or whole numbers. Selection, filter and unsaved edits count.</source>
            <translation>任意坐标系的图层，带有说明类别的字段（文本或整数）。选择、过滤和未保存的编辑都会计入。</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Around a label that is a point or a line, the pixels whose centre is nearer are labelled, too.</source>
            <translation>标签为点或线时，其周围中心距离小于该半径的像素也被标注。</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Label rasters instead (one for each raster, in the same order)</source>
            <translation>改用标签栅格（每个栅格一个，顺序相同）</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Rasters of class numbers, where you have these instead of a layer; no data is no label. Those on another grid are resampled by nearest neighbour.</source>
            <translation>以类别编号为值的栅格，用于没有标签图层的情况；无数据即无标签。格网不同的栅格按最近邻重采样。</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>empty: found by its name</source>
            <translation>留空则按名称查找</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>The field of the labels that holds the class.</source>
            <translation>标签中说明类别的字段。</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>pixels; 0: the one that a point lies in</source>
            <translation>像素；0：点所在的像素</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>e.g. unsure,other</source>
            <translation>例如 unsure,other</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Classes to leave out, by their names or numbers, with commas between them.</source>
            <translation>要排除的类别，填写其名称或编号，以逗号分隔。</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Expected one label raster for each raster, in the same order, found {labels} for {rasters}</source>
            <translation>每个栅格应有一个标签栅格，顺序相同，实际为 {labels} 个标签栅格对 {rasters} 个栅格</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>polygons, points or lines</source>
            <translation>多边形、点或线</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Expected a layer of {wanted}, found another kind of geometry in {layer}</source>
            <translation>应为{wanted}图层，但 {layer} 是另一种几何类型</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Expected a class field of {layer} ({names}), found {field}</source>
            <translation>应为 {layer} 的类别字段（{names}），实际为 {field}</translation>
        </message>
        <message>
            <location filename="algorithms/labelled.py" />
            <source>Expected either a layer of labels or label rasters: choose one of the two</source>
            <translation>标签图层和标签栅格应只用其一：请选择其中一种</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>Polygons in any coordinate system: what lies outside of them is left out of map, areas and report. Selection, filter and unsaved edits count. Empty: the whole raster.</source>
            <translation>任意坐标系的多边形：其外部不计入图、面积和报告。选择、过滤和未保存的编辑都会计入。留空：整个栅格。</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>A raster that says which pixels not to use, in any grid and coordinate system. Sentinel-2's scene classification (SCL) is recognised by its name: clouds, shadows, snow and defects are left out. Of another raster, the pixels that are 0.</source>
            <translation>说明哪些像素不使用的栅格，格网和坐标系不限。Sentinel-2 的场景分类（SCL）按名称识别：排除云、阴影、雪和缺陷像素。其他栅格则排除值为 0 的像素。</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>Numbers with commas between them, where others are to be left out than the mask raster's usual ones.</source>
            <translation>以逗号分隔的数字；仅在要排除的值与该掩膜栅格通常排除的值不同时填写。</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>Expected polygons in {layer}, found none: is nothing selected, or does its filter leave out all?</source>
            <translation>{layer} 中应有多边形，但没有找到：是否未选择任何要素，或过滤器排除了全部？</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>e.g. of clouds</source>
            <translation>例如云掩膜</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>Expected numbers with commas between them as values to leave out, found {text}</source>
            <translation>要排除的值应为以逗号分隔的数字，实际为 {text}</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>Expected a mask raster with the values to leave out, found none: choose one</source>
            <translation>填写要排除的值时应有掩膜栅格，但没有找到：请选择一个</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>to leave out, e.g. 3,8,9,10</source>
            <translation>要排除的值，例如 3,8,9,10</translation>
        </message>
        <message>
            <location filename="algorithms/masked.py" />
            <source>polygons</source>
            <translation>多边形</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>The file that knows the classes, for one sensor and one task: one that comes with OFA-Net, or your own from "Train a head from labels". The name of an installed head will do, too.</source>
            <translation>包含类别的文件，对应一种传感器和一个任务：OFA-Net 自带的，或您用“用标签训练分类头”得到的。也可以填写已安装分类头的名称。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Where the raster comes from. auto recognises it; name it where that is not clear.</source>
            <translation>栅格的来源。auto 自动识别；无法确定时请指定。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>e.g. 3,2,1,- where - is a missing band; empty: recognised</source>
            <translation>例如 3,2,1,-，缺失的波段用 -；留空则自动识别</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>The raster's band, counted from 1, for each band of the sensor. Only for rasters that are in another order than usual or lack bands; "Detect sensor" shows how a raster is read without it.</source>
            <translation>传感器各波段对应的栅格波段，从 1 开始计数。仅用于波段顺序不同寻常或缺少波段的栅格；“识别传感器”会说明不填写时栅格如何读取。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>What the raster's numbers mean, e.g. reflectance from 0 to 1, or decibels. auto recognises it. One of {units}; or a scale and an offset to reflectance or decibels, e.g. 0.0000275,-0.2.</source>
            <translation>栅格数值的含义，例如 0 到 1 的反射率，或分贝。auto 自动识别。可为 {units} 之一；或换算为反射率或分贝的比例系数和偏移量，例如 0.0000275,-0.2。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Where the same run broke off before, for example because the disk was full, what it had finished is used. Inputs, options and output must be the same.</source>
            <translation>如果同一次运行此前中断（例如磁盘已满），已完成的部分会被沿用。输入、选项和输出必须相同。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>The model sees the raster in squares of this size. Smaller ones show finer detail, and take longer.</source>
            <translation>模型以此大小的方块查看栅格。方块越小，细节越精细，耗时也越长。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Where to compute: auto takes the graphics card (cuda) where there is one that can, else the processor.</source>
            <translation>在哪里计算：有可用的显卡时 auto 使用显卡（cuda），否则使用处理器。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Patches of a class that are smaller become part of the class around them. 1 hectare is 100 m by 100 m.</source>
            <translation>小于该面积的图斑会并入其周围的类别。1 公顷为 100 米 x 100 米。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>A page with the map, the area of each class, and how they were made, for any browser.</source>
            <translation>含地图、各类别面积及其生成方式的网页，可用任何浏览器打开。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>A scene of Sentinel-1, Sentinel-2, Gaofen, NAIP or EnMAP, or one with similar bands, in a file that GDAL reads.</source>
            <translation>Sentinel-1、Sentinel-2、高分（Gaofen）、NAIP 或 EnMAP 影像，或波段相近的影像，文件须为 GDAL 可读取的格式。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>of one sensor</source>
            <translation>同一种传感器</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>The scenes that the labels lie on: one, or several of the same sensor.</source>
            <translation>标签所在的影像：一景，或同一传感器的多景。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>OFA-Net heads (*.safetensors)</source>
            <translation>OFA-Net 分类头 (*.safetensors)</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Only this part of the raster is read, and the result covers only it.</source>
            <translation>只读取栅格的这一部分，结果也只覆盖这一部分。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>pixels; 0: the head's own</source>
            <translation>像素；0：使用分类头的大小</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>Where tiles overlap their results are blended, so that no seams show. 0 is fastest.</source>
            <translation>图块重叠处的结果会相互融合，因此看不出接缝。0 最快。</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>hectares; 0: all are kept</source>
            <translation>公顷；0：全部保留</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>empty: the default for the raster</source>
            <translation>留空：该栅格的默认分类头</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>empty: all</source>
            <translation>留空则为全部</translation>
        </message>
        <message>
            <location filename="algorithms/parameters.py" />
            <source>share of a tile</source>
            <translation>占图块的比例</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>Draws pixels of a class map at random within each class (a stratified random sample, after Olofsson et al. 2014). Look at each point in better imagery and choose its class in the field "reference"; what the map says is hidden meanwhile, so that it does not sway you. Points that you cannot tell stay empty. Then run "Assess accuracy" with these points: it estimates the accuracy of the whole map and the area of each class, with confidence intervals.

The number of points follows from the standard error that you want of the overall accuracy; a rare class gets at least the least number. The same seed draws the same points. Do not move or delete points.</source>
            <translation>在分类图的每个类别内随机抽取像素（分层随机抽样，依据 Olofsson 等人 2014）。请在更好的影像上查看每个点，并在字段“reference”中选择其类别；此时图上的结果是隐藏的，以免影响您的判断。无法判断的点留空。然后用这些点运行“精度评价”：它会估计整幅图的精度和各类别的面积，并给出置信区间。

点数由您希望的总体精度标准误决定；稀少的类别至少得到最少点数。相同的种子抽取相同的点。请勿移动或删除点。</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>stratified</source>
            <translation>分层</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>random sample</source>
            <translation>随机抽样</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>reference</source>
            <translation>参考</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>Olofsson</source>
            <translation>Olofsson</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>A map of classes, with their numbers as pixel values.</source>
            <translation>以类别编号为像素值的分类图。</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>How sure you want to be: 0.02 makes an accuracy of 0.85 one of 0.81 to 0.89. Less means more points.</source>
            <translation>您希望的把握程度：0.02 表示 0.85 的精度介于 0.81 到 0.89 之间。值越小，点越多。</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>{points} points; if each class is right in {right:.0%} of its area, the overall accuracy will have a standard error of about {error:.3f}</source>
            <translation>{points} 个点；若每个类别有 {right:.0%} 的面积正确，则总体精度的标准误约为 {error:.3f}</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>So that something can be said of rare classes, too.</source>
            <translation>使稀少的类别也能得到评价。</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>The same number draws the same points again.</source>
            <translation>相同的数字会再次抽取相同的点。</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>Points</source>
            <translation>点</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>Points to look at: fill in "reference" with the class that you see.</source>
            <translation>需要查看的点：请在“reference”中填写您看到的类别。</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>{name}: {points} points, {share:.1%} of the map</source>
            <translation>{name}：{points} 个点，占全图的 {share:.1%}</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>Class layer</source>
            <translation>类别图层</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>as Segment writes it</source>
            <translation>“分割”的输出</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>at least</source>
            <translation>至少</translation>
        </message>
        <message>
            <location filename="algorithms/samplepoints.py" />
            <source>{layer} points</source>
            <translation>{layer} 样点</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>Segment (one class per pixel)</source>
            <translation>分割（每个像素一个类别）</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>Labels each pixel with a class of the chosen head. To start, choose a raster layer and press Run: sensor, bands, unit and head are found, and the log lists classes and areas.

The raster is read in overlapping tiles whose results are blended without seams; the class raster lies on exactly the input's grid, with class names and colours in the file. On request also dissolved polygons with areas in hectares, and the confidence of each pixel (0 to 1).</source>
            <translation>用所选分类头的类别标注每个像素。只需选择栅格图层并点击“运行”：传感器、波段、单位和分类头会自动确定，日志给出各类别及其面积。

栅格以重叠的图块读取，其结果无缝融合；类别栅格与输入栅格的格网完全一致，文件中包含类别名称和颜色。还可以生成带公顷面积的融合多边形，以及每个像素的置信度（0 到 1）。</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>semantic segmentation</source>
            <translation>语义分割</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>classify</source>
            <translation>分类</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>pixel</source>
            <translation>像素</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>map</source>
            <translation>制图</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>mask</source>
            <translation>掩膜</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>How sure the model is of each pixel's class, 0 to 1. Low where classes look alike, and at borders.</source>
            <translation>模型对每个像素类别的把握程度，0 到 1。在类别相似处和边界处较低。</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>Classes</source>
            <translation>类别</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>The class of each pixel, on the input's grid. Styled when it is loaded.</source>
            <translation>每个像素的类别，采用输入栅格的格网。加载时自动设置样式。</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>Polygons</source>
            <translation>多边形</translation>
        </message>
        <message>
            <location filename="algorithms/segment.py" />
            <source>One polygon for each patch of a class: class (a number), name, area_ha.</source>
            <translation>每个类别的每个图斑一个多边形：class（数字）、name、area_ha。</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Segment a folder of scenes</source>
            <translation>分割文件夹中的影像</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Labels each pixel of all rasters in a folder, and in the folders below it, with the classes of one head. A scene that fails stops no other; the log says why it failed.

Run it again with the same output folder to do only what is missing: scenes that are new, changed, failed on the way, or were not reached when it was cancelled. The output folder also holds a mosaic of all results, which is loaded, and tables of scenes and areas.</source>
            <translation>用一个分类头的类别标注文件夹及其子文件夹中所有栅格的每个像素。某景影像失败不会影响其他影像；日志会说明失败原因。

用相同的输出文件夹再次运行，只会处理缺少的部分：新增的、有改动的、中途失败的，或取消时尚未处理的影像。输出文件夹中还有所有结果的镶嵌图（会自动加载），以及影像表和面积表。</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>batch</source>
            <translation>批处理</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>many</source>
            <translation>多个</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>folder</source>
            <translation>文件夹</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>mosaic</source>
            <translation>镶嵌</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>scenes</source>
            <translation>影像</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>One class raster for each scene, under its name; mosaic.vrt, which shows them as one; areas.csv and batch.csv, tables of areas and scenes. Take the same folder again to go on where a run ended.</source>
            <translation>每景影像一个同名的类别栅格；mosaic.vrt，将它们显示为一个整体；areas.csv 和 batch.csv，即面积表和影像表。再次使用同一文件夹，可从上次运行结束处继续。</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>The results as one layer; the first one, where scenes differ in coordinate system or classes.</source>
            <translation>合为一个图层的结果；影像的坐标系或类别不同时，为其中第一个图层。</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Pixels and hectares of each class in each scene, as CSV.</source>
            <translation>每景影像中各类别的像素数和公顷数，CSV 格式。</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>{done} of {scenes} scenes are done, {run} of them now; {failed} failed</source>
            <translation>{scenes} 景影像中已完成 {done} 景，其中本次 {run} 景；失败 {failed} 景</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Folder</source>
            <translation>文件夹</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>All rasters in it and in the folders below it are scenes; hidden files are not.</source>
            <translation>该文件夹及其子文件夹中的所有栅格都作为影像；隐藏文件除外。</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Only files that match, e.g. S2*.tif</source>
            <translation>仅限匹配的文件，例如 S2*.tif</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>A star stands for any letters, a question mark for one. Empty: all rasters.</source>
            <translation>星号代表任意多个字符，问号代表一个字符。留空：所有栅格。</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Now or in earlier runs.</source>
            <translation>本次或以前运行时完成的。</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>The log says why.</source>
            <translation>原因见日志。</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>{scene}: done with {head}, {time}</source>
            <translation>{scene}：已用 {head} 完成，{time}</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Results folder</source>
            <translation>结果文件夹</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Mosaic</source>
            <translation>镶嵌图</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Table of areas</source>
            <translation>面积表</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Scenes that are done</source>
            <translation>已完成的影像</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Scenes that failed</source>
            <translation>失败的影像</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>The engine lacks Dask, which runs many scenes. Install it: "{python}" -m pip install {names}</source>
            <translation>计算引擎缺少用于批量处理影像的 Dask。请安装："{python}" -m pip install {names}</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>{done} of {total} scenes</source>
            <translation>{done} / {total} 景影像</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>Expected a folder of rasters, found {path}</source>
            <translation>应为含栅格的文件夹，实际为 {path}</translation>
        </message>
        <message>
            <location filename="algorithms/segmentfolder.py" />
            <source>No scene could be segmented. {why}</source>
            <translation>没有影像能够分割。{why}</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Stack band files</source>
            <translation>堆叠波段文件</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Makes one raster of the band files of a scene, as Landsat, Sentinel-2, Sentinel-1 and many exports come: bands named after their files, in their product's order. It is a virtual raster (VRT): nothing is copied, and it needs the files where they are.

The file names have to tell the bands, as in ..._SR_B4.TIF, ..._B04_10m.jp2, ..._VV.tif; quality flags and the like are left out. Coarser bands are repeated onto the finest grid. No data values, scales, offsets and masks of the files are kept; Landsat's scale and offset are added.</source>
            <translation>将一景影像的各波段文件（如 Landsat、Sentinel-2、Sentinel-1 及许多导出数据）合成一个栅格：波段以文件命名，并按产品的波段顺序排列。结果是虚拟栅格（VRT）：不复制任何数据，波段文件须保留在原处。

文件名须能说明波段，例如 ..._SR_B4.TIF、..._B04_10m.jp2、..._VV.tif；质量标记等文件会被略去。较粗的波段重复到最细的格网上。文件的无数据值、比例、偏移和掩膜均予保留；Landsat 的比例和偏移会自动补上。</translation>
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
            <translation>虚拟栅格</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>merge</source>
            <translation>合并</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>single-band</source>
            <translation>单波段</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Band files</source>
            <translation>波段文件</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Rasters of one band each, of one scene, in one coordinate system.</source>
            <translation>同一景影像、同一坐标系的单波段栅格。</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Virtual raster</source>
            <translation>虚拟栅格</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Virtual rasters (*.vrt)</source>
            <translation>虚拟栅格 (*.vrt)</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Best in the folder of the band files: then all can be moved together.</source>
            <translation>最好放在波段文件所在的文件夹：这样可以一起移动。</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>The same as a layer.</source>
            <translation>同一结果，作为图层。</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>Scene</source>
            <translation>影像</translation>
        </message>
        <message>
            <location filename="algorithms/stack.py" />
            <source>{title}: {bands}</source>
            <translation>{title}：{bands}</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Train a head from labels</source>
            <translation>用标签训练分类头</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Teaches the model classes of your own: from raster layers of one sensor and labels with a class field it makes a head, which the other algorithms and the dialog offer from then on. The model itself does not change, so a few places per class are enough, far from each other, and a few minutes.

Labels: polygons, points or lines, with their selection, filter and unsaved edits, in any coordinate system; classes are text or whole numbers. Task: one class per pixel (segment) or per tile (classify; a polygon labels the tiles that it covers by more than half, a point the one that it lies in). Kind: what the head sees, the model's features alone, the pixels too, or also their surroundings; auto takes the best one. The log lists the scores of a cross-validation that keeps labels whole: how well the head finds each class in labels that it has not learned from, and what it takes it for.</source>
            <translation>教模型学会您自己的类别：由同一种传感器的栅格图层和带类别字段的标签生成一个分类头，此后其他算法和对话框都会提供它。模型本身不变，因此每个类别只需几处标签（彼此相距较远）和几分钟时间。

标签：多边形、点或线，计入其选择、过滤和未保存的编辑，坐标系不限；类别为文本或整数。任务：每个像素一个类别（segment），或每个图块一个类别（classify；多边形标注被它覆盖一半以上的图块，点标注它所在的图块）。种类：分类头能看到什么，只看模型特征，也看像素，还是连像素的周围也看；auto 取最好的一种。日志给出保持标签完整的交叉验证得分：分类头在没有学习过的标签中识别各类别的效果，以及容易误判成什么。</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>train</source>
            <translation>训练</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>fit</source>
            <translation>拟合</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>probe</source>
            <translation>线性探测</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>classifier</source>
            <translation>分类器</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>supervised</source>
            <translation>监督</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>training areas</source>
            <translation>训练区</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>A head to {task} {sensor}, of kind {kind}, with {count} classes: {path}</source>
            <translation>{task} 用的 {sensor} 分类头，种类 {kind}，{count} 个类别：{path}</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Cross-validated over {folds} folds of whole polygons: accuracy {accuracy:.1%}, mean IoU {miou:.3f}</source>
            <translation>以完整多边形做 {folds} 折交叉验证：精度 {accuracy:.1%}，平均 IoU {miou:.3f}</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>{name}: IoU {iou}, from {samples:,} samples in {groups} polygons; found as {found}</source>
            <translation>{name}：IoU {iou}，来自 {groups} 个多边形的 {samples:,} 个样本；识别为 {found}</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>What the head sees: the model's features (linear), the pixels too, or also their surroundings (mlp+pixels, not for tiles). auto takes the best one.</source>
            <translation>分类头能看到什么：只看模型特征（linear），也看像素，或连像素的周围也看（mlp+pixels，不用于图块）。auto 取最好的一种。</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Head</source>
            <translation>分类头</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Not scored, since all of it lies in one place: {names}</source>
            <translation>未评分，因为全部位于同一处：{names}</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>polygons, points or lines with a class field</source>
            <translation>带类别字段的多边形、点或线</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>one class per pixel: segment, or per tile: classify</source>
            <translation>每个像素一个类别：segment；每个图块一个类别：classify</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>What the head is for: "Segment", or "Classify tiles".</source>
            <translation>分类头的用途：“分割”或“图块分类”。</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>pixels; 0: the model's own</source>
            <translation>像素；0：使用模型的大小</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>A small file. In the folder that is proposed, all algorithms find it.</source>
            <translation>一个小文件。保存在建议的文件夹中，所有算法都能找到它。</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>Its scores are not known: for a cross-validation each class needs polygons in two places</source>
            <translation>得分未知：交叉验证要求每个类别在两处有多边形</translation>
        </message>
        <message>
            <location filename="algorithms/trainhead.py" />
            <source>others</source>
            <translation>其他</translation>
        </message>
        <message>
            <location filename="algorithms/vector_export.py" />
            <source>The labels could not be written to {path}: {why}</source>
            <translation>无法将标签写入 {path}：{why}</translation>
        </message>
        <message>
            <location filename="algorithms/vector_export.py" />
            <source>Expected labels in {layer}, found none: is nothing selected, or does its filter leave out all?</source>
            <translation>{layer} 中应有标签，但没有找到：是否未选择任何要素，或过滤器排除了全部？</translation>
        </message>
        <message>
            <location filename="algorithms/vector_export.py" />
            <source>The polygons could not be written to {path}: {why}</source>
            <translation>无法将多边形写入 {path}：{why}</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>press Raster &gt; OFA-Net &gt; "Set up engine..."</source>
            <translation>点击 栅格 &gt; OFA-Net &gt;“设置计算引擎...”</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine stopped in the middle of the run (exit code {code}); the next run restarts it.</source>
            <translation>计算引擎在运行中途停止（退出代码 {code}）；下一次运行会重新启动它。</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>Cancelled</source>
            <translation>已取消</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>run "make" in {folder}, or {menu}</source>
            <translation>在 {folder} 中运行 "make"，或{menu}</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>the plugin's setting</source>
            <translation>插件的设置</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine was not found. To set it up, {how}.</source>
            <translation>没有找到计算引擎。要进行设置，请{how}。</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine had stopped, or its Python was changed: it is restarted</source>
            <translation>计算引擎已停止，或其 Python 已更改：正在重新启动</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>Waiting for the engine to finish another run</source>
            <translation>正在等待计算引擎完成另一次运行</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine ended before it answered (exit code {code}). To set it up, {how}.</source>
            <translation>计算引擎未应答就已结束（退出代码 {code}）。要进行设置，请{how}。</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine was not found: {origin} says {path}, which is not a file. To set it up, {how}.</source>
            <translation>没有找到计算引擎：{origin} 指定的 {path} 不是文件。要进行设置，请{how}。</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>Starting the engine: {python}</source>
            <translation>正在启动计算引擎：{python}</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>What it had finished is kept: the same run with "{option}" does the rest.</source>
            <translation>已完成的部分已保留：使用“{option}”再次运行即可完成其余部分。</translation>
        </message>
        <message>
            <location filename="engine/client.py" />
            <source>The engine could not be started with {python}: {why}. To set it up, {how}.</source>
            <translation>无法用 {python} 启动计算引擎：{why}。要进行设置，请{how}。</translation>
        </message>
        <message>
            <location filename="engine/network.py" />
            <source>QGIS is set to a SOCKS proxy ({host}), which cannot be used here: {otherwise}.</source>
            <translation>QGIS 使用的是 SOCKS 代理（{host}），此处无法使用：{otherwise}。</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>Expected a raster layer: choose one in the layer panel</source>
            <translation>应为栅格图层：请在图层面板中选择</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>additional no data values that are ranges, or not those of every band</source>
            <translation>为区间的、或并非适用于所有波段的附加无数据值</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>that the file's no data value is not used</source>
            <translation>不使用文件自身的无数据值</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>Expected a raster from a file, found a layer of "{provider}": export {name} to a GeoTIFF first</source>
            <translation>应为来自文件的栅格，实际是“{provider}”的图层：请先将 {name} 导出为 GeoTIFF</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>Expected a raster that GDAL can read, found {path}</source>
            <translation>应为 GDAL 可读取的栅格，实际为 {path}</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>Expected real values, found complex numbers in {path}</source>
            <translation>应为实数值，但在 {path} 中发现复数</translation>
        </message>
        <message>
            <location filename="engine/raster_facts.py" />
            <source>{path} cannot be read, is it truncated?</source>
            <translation>无法读取 {path}，文件是否不完整？</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>its red-edge bands</source>
            <translation>红边波段</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>its near-infrared bands</source>
            <translation>近红外波段</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>its shortwave-infrared bands</source>
            <translation>短波红外波段</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>{product}, read as {sensor}</source>
            <translation>{product}，按 {sensor} 读取</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>{reading} without {bands}</source>
            <translation>{reading}，缺少 {bands}</translation>
        </message>
        <message>
            <location filename="engine/reading_words.py" />
            <source>{count} of its bands</source>
            <translation>{count} 个波段</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>All five sensors with one backbone, and any other optical sensor by its wavelengths; the best first choice</source>
            <translation>一个骨干网络支持全部五种传感器，其他光学传感器可按波长使用；首选</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Sentinel-1</source>
            <translation>Sentinel-1</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Sentinel-2 (9 bands)</source>
            <translation>Sentinel-2（9 个波段）</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Gaofen</source>
            <translation>高分</translation>
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
            <translation>GEO-Bench，线性探测</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>As DOFA ViT-B, a little more accurate and three times as slow; for a GPU</source>
            <translation>与 DOFA ViT-B 相同，精度略高，速度慢三倍；适合 GPU</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Radar and all 13 bands of Sentinel-2; pretrained on 18.7 million images of the Sentinel missions</source>
            <translation>雷达和 Sentinel-2 全部 13 个波段；在哨兵任务的 1870 万幅影像上预训练</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Sentinel-2 (13 bands)</source>
            <translation>Sentinel-2（13 个波段）</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Copernicus-Bench, frozen backbone</source>
            <translation>Copernicus-Bench，冻结骨干网络</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Sentinel-2 level 1C with all 13 bands; small and quick, also without a GPU</source>
            <translation>Sentinel-2 L1C 全部 13 个波段；小而快，无需 GPU</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>fine-tuned on each data set</source>
            <translation>在各数据集上微调</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>As SSL4EO-S12 DINO, pretrained with another objective: worth a comparison on your own labels</source>
            <translation>与 SSL4EO-S12 DINO 相同，但预训练目标不同：值得用您自己的标签比较</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Landsat 8 and 9 surface reflectance, 7 bands; small and quick, also without a GPU</source>
            <translation>Landsat 8 和 9 地表反射率，7 个波段；小而快，无需 GPU</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Landsat 8-9 (7 bands)</source>
            <translation>Landsat 8-9（7 个波段）</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>frozen backbone, U-Net decoder</source>
            <translation>冻结骨干网络，U-Net 解码器</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Surface reflectance of Landsat 7, and of Landsat 4 and 5 with the same 6 bands: maps back to the 1980s</source>
            <translation>Landsat 7 地表反射率，以及具有相同 6 个波段的 Landsat 4 和 5：可制作追溯至 20 世纪 80 年代的地图</translation>
        </message>
        <message>
            <location filename="foundation_models.json" />
            <source>Landsat 4-7 (6 bands)</source>
            <translation>Landsat 4-7（6 个波段）</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Sample points for an accuracy assessment</source>
            <translation>生成精度评价样点</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Raster layer</source>
            <translation>栅格图层</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Raster layers</source>
            <translation>栅格图层</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Output</source>
            <translation>输出</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Unit of the values</source>
            <translation>数值单位</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Coordinate system of the layer</source>
            <translation>图层的坐标系</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>No data values of the layer</source>
            <translation>图层的无数据值</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Tile size</source>
            <translation>图块大小</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Overlap</source>
            <translation>重叠</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Device</source>
            <translation>计算设备</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Extent</source>
            <translation>范围</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Only inside these polygons</source>
            <translation>仅限这些多边形内</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Mask raster</source>
            <translation>掩膜栅格</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Values of the mask raster</source>
            <translation>掩膜栅格的值</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Smallest area</source>
            <translation>最小面积</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Continue a run that was stopped</source>
            <translation>继续一次中断的运行</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Labels</source>
            <translation>标签</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Class field</source>
            <translation>类别字段</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Radius of points and lines</source>
            <translation>点和线的半径</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Labels that are not classes</source>
            <translation>不属于类别的标签</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Task</source>
            <translation>任务</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Kind of head</source>
            <translation>分类头的种类</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Standard error wanted of the overall accuracy</source>
            <translation>期望的总体精度标准误</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Points per class</source>
            <translation>每个类别的点数</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>What heads learn from</source>
            <translation>分类头的学习来源</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Also my own heads</source>
            <translation>也包括我自己的分类头</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Public images and labels</source>
            <translation>公开的影像和标签</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Seed</source>
            <translation>随机种子</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>Report of areas</source>
            <translation>面积报告</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>{hours:.1f} h</source>
            <translation>{hours:.1f} 小时</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>{title} ({hint})</source>
            <translation>{title}（{hint}）</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>{seconds:.0f} s</source>
            <translation>{seconds:.0f} 秒</translation>
        </message>
        <message>
            <location filename="i18n/texts.py" />
            <source>{minutes:.0f} min</source>
            <translation>{minutes:.0f} 分钟</translation>
        </message>
        <message>
            <location filename="menu.py" />
            <source>An engine is needed to compute; none was found.</source>
            <translation>计算需要计算引擎，但没有找到。</translation>
        </message>
        <message>
            <location filename="menu.py" />
            <source>Set up engine...</source>
            <translation>设置计算引擎...</translation>
        </message>
        <message>
            <location filename="menu.py" />
            <source>Models and heads...</source>
            <translation>模型和分类头...</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>about {tile_s:.2g} s for a tile, {time} for a raster of {px} x {px} pixels</source>
            <translation>每个图块约 {tile_s:.2g} 秒，{px} x {px} 像素的栅格约 {time}</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Download</source>
            <translation>下载量</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Memory</source>
            <translation>内存</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Time</source>
            <translation>时间</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Licence</source>
            <translation>许可</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Authors</source>
            <translation>作者</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Paper</source>
            <translation>论文</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Published at</source>
            <translation>发布于</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>File</source>
            <translation>文件</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Sensors</source>
            <translation>传感器</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Published results</source>
            <translation>已发表的结果</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>On this computer</source>
            <translation>在本机上</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Origin</source>
            <translation>来源</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>not measured yet</source>
            <translation>尚未测量</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>Checkpoint</source>
            <translation>检查点</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>about {size}</source>
            <translation>约 {size}</translation>
        </message>
        <message>
            <location filename="models/foundation_card.py" />
            <source>about {gb:.1f} GB while it maps</source>
            <translation>制图时约 {gb:.1f} GB</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Nothing is downloaded before you press Download: then {size} come from {host} ({free} are free on your disk).</source>
            <translation>在您按下“下载”之前不会下载任何内容：届时将从 {host} 下载 {size}（磁盘剩余 {free}）。</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>installed</source>
            <translation>已安装</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{kept} are here already; the other {size} come from {host} ({free} are free on your disk).</source>
            <translation>已有 {kept}；其余 {size} 将从 {host} 下载（磁盘剩余 {free}）。</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Checking and importing...</source>
            <translation>正在校验并导入……</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Get a foundation model</source>
            <translation>获取基础模型</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Backbones that others have pretrained on millions of satellite images. A model that you download becomes a checkpoint; heads for it are trained from your own labels, or fitted anew.</source>
            <translation>由他人在数百万幅卫星影像上预训练的骨干网络。下载的模型会成为一个检查点；其分类头可用您自己的标签训练，或重新拟合。</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Foundation models</source>
            <translation>基础模型</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>About the model</source>
            <translation>关于该模型</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Progress</source>
            <translation>进度</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>D&amp;iscard the part</source>
            <translation>丢弃已下载部分(&amp;I)</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Deletes what an interrupted download has left</source>
            <translation>删除中断的下载所留下的内容</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Starting...</source>
            <translation>正在启动……</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{first} and {count} more</source>
            <translation>{first} 等另外 {count} 种</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{gb:.1f} GB</source>
            <translation>{gb:.1f} GB</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{done} of {total}</source>
            <translation>{done} / {total}</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Model</source>
            <translation>模型</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>For a raster of {px} x {px} pixels on this computer, estimated</source>
            <translation>在本机上处理 {px} x {px} 像素栅格的估计时间</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>&amp;Download</source>
            <translation>下载(&amp;D)</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>&amp;Pause</source>
            <translation>暂停(&amp;P)</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>&amp;Resume the download</source>
            <translation>继续下载(&amp;R)</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Pausing...</source>
            <translation>正在暂停……</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{share:.0%} here</source>
            <translation>已有 {share:.0%}</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Installed as {name}.</source>
            <translation>已安装为 {name}。</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{text}, {time} left</source>
            <translation>{text}，剩余 {time}</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Download {model}</source>
            <translation>下载 {model}</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>Paused; {size} are kept, and Resume continues there.</source>
            <translation>已暂停；已下载的 {size} 会保留，“继续下载”将从该处继续。</translation>
        </message>
        <message>
            <location filename="models/foundation_dialog.py" />
            <source>{model} is among your models now.</source>
            <translation>{model} 现已加入您的模型。</translation>
        </message>
        <message>
            <location filename="models/foundation_files.py" />
            <source>download the file in a browser and import it</source>
            <translation>请用浏览器下载该文件并导入</translation>
        </message>
        <message>
            <location filename="models/foundation_files.py" />
            <source>{folder} could not be removed: {why}</source>
            <translation>无法删除 {folder}：{why}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Fitted for pixels of {low:.3g} to {high:.3g} m; this raster has {found:.3g} m</source>
            <translation>适用于 {low:.3g} 至 {high:.3g} 米的像素；此栅格为 {found:.3g} 米</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>{accuracy:.0%} of the {what} right in {places} places that it has not seen; mean IoU {miou:.2f}</source>
            <translation>在 {places} 个未见过的地点，{accuracy:.0%} 的{what}正确；平均 IoU {miou:.2f}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Agrees with its teacher on {share:.0%} of the pixels that this is sure of; not compared with labels</source>
            <translation>在教师分类头有把握的像元中，与其一致的占 {share:.0%}；未与标签比较</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Fitted on simulated scenes, not on real ones</source>
            <translation>在模拟场景上拟合，而非真实场景</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Learned from the map that {teacher} makes of your scenes ({count}): it repeats its errors</source>
            <translation>学自 {teacher} 对您的影像（{count} 景）所制的地图：会重复其错误</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>tiles</source>
            <translation>图块</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>pixels</source>
            <translation>像素</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>copies another</source>
            <translation>模仿其他分类头</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>simulated scenes</source>
            <translation>模拟场景</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>one scene</source>
            <translation>单个场景</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Cross-validated: mean IoU {miou:.2f}, accuracy {accuracy:.0%}</source>
            <translation>交叉验证：平均 IoU {miou:.2f}，精度 {accuracy:.0%}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>{accuracy:.0%} of the {what} right in simulated scenes that it has not seen; mean IoU {miou:.2f}</source>
            <translation>在未见过的模拟场景中，{accuracy:.0%} 的{what}正确；平均 IoU {miou:.2f}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>{accuracy:.0%} of the {what} right in one scene that it has not seen; not tested on others</source>
            <translation>在一个未见过的场景中，{accuracy:.0%} 的{what}正确；未在其他场景上检验</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Not scored</source>
            <translation>未评分</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Not scored: for that each class needs polygons in two places</source>
            <translation>未评分：评分要求每个类别在两处有多边形</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>IoU {number:.2f}</source>
            <translation>IoU {number:.2f}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Cross-validated in one scene: mean IoU {miou:.2f}, accuracy {accuracy:.0%}; not tested on others</source>
            <translation>在单个场景内交叉验证：平均 IoU {miou:.2f}，精度 {accuracy:.0%}；未在其他场景上检验</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Fitted on {what}</source>
            <translation>拟合数据：{what}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Fitted on one scene, {name}</source>
            <translation>仅在一个场景上拟合：{name}</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>Fitted on {count} scenes</source>
            <translation>在 {count} 个场景上拟合</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>pixels of {low:.3g} to {high:.3g} m</source>
            <translation>{low:.3g} 至 {high:.3g} 米的像素</translation>
        </message>
        <message>
            <location filename="models/head_words.py" />
            <source>; not scored: {names}</source>
            <translation>；未评分：{names}</translation>
        </message>
        <message>
            <location filename="models/machine_speed.py" />
            <source>Measuring how fast this computer is</source>
            <translation>正在测量本机速度</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>one class per pixel</source>
            <translation>每个像素一个类别</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>one class per tile</source>
            <translation>每个图块一个类别</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>your own</source>
            <translation>您自己的</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>comes with the plugin</source>
            <translation>插件自带</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>folder in OFANET_MODELS</source>
            <translation>OFANET_MODELS 中的文件夹</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Recipe</source>
            <translation>配方</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Simulated scenes</source>
            <translation>模拟影像</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Real scenes</source>
            <translation>真实影像</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Steps</source>
            <translation>步数</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Epochs</source>
            <translation>轮数</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Tiles per step</source>
            <translation>每步图块数</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Images seen</source>
            <translation>已见图像数</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Seconds</source>
            <translation>秒</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Sources</source>
            <translation>数据来源</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Configuration</source>
            <translation>配置</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Saved as</source>
            <translation>保存为</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Steps without a finite loss</source>
            <translation>损失非有限值的步数</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Peak learning rate</source>
            <translation>最高学习率</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Minutes</source>
            <translation>分钟</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Random seed</source>
            <translation>随机种子</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Kind</source>
            <translation>种类</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Samples</source>
            <translation>样本</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Places</source>
            <translation>地点</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Labelled</source>
            <translation>已标注</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Regularisation</source>
            <translation>正则化</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Temperature</source>
            <translation>温度</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Bands</source>
            <translation>波段</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Tried (mean IoU)</source>
            <translation>尝试过（平均 IoU）</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Fitted for</source>
            <translation>拟合对象</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Teacher</source>
            <translation>教师</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Attribution</source>
            <translation>来源说明</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Cross-validated on its own labels</source>
            <translation>在自身标签上交叉验证</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Agreement with its teacher</source>
            <translation>与教师的一致性</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>On places that it has not seen</source>
            <translation>在未见过的地点上</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>none yet: "Fit land-cover heads for it..." makes some</source>
            <translation>尚无：可用“为其拟合土地覆盖分类头...”生成</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>mean IoU</source>
            <translation>平均 IoU</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>folds</source>
            <translation>折数</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>places</source>
            <translation>地点</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Path</source>
            <translation>路径</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Size</source>
            <translation>大小</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Place</source>
            <translation>位置</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Tile</source>
            <translation>图块</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Meant for</source>
            <translation>适用于</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Needs checkpoint</source>
            <translation>所需检查点</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Checkpoint's fingerprint</source>
            <translation>检查点的指纹</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Shared ViT</source>
            <translation>共享 ViT</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Heads that need it</source>
            <translation>需要它的分类头</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Name</source>
            <translation>名称</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>SHA-256</source>
            <translation>SHA-256</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>pixels of any size</source>
            <translation>任意大小的像素</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>not found: import the one it was fitted on</source>
            <translation>没有找到：请导入训练时所用的检查点</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>How it was made</source>
            <translation>生成方式</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>{px} pixels</source>
            <translation>{px} 像素</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>width {width}, {depth} blocks, {heads} attention heads, {input_px} px input</source>
            <translation>宽度 {width}，{depth} 层，{heads} 个注意力头，输入 {input_px} 像素</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>({count} in all)</source>
            <translation>（共 {count} 个）</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Mean ± std</source>
            <translation>均值 ± 标准差</translation>
        </message>
        <message>
            <location filename="models/model_card.py" />
            <source>Fingerprint</source>
            <translation>指纹</translation>
        </message>
        <message>
            <location filename="models/model_files.py" />
            <source>model</source>
            <translation>模型</translation>
        </message>
        <message>
            <location filename="models/model_files.py" />
            <source>Expected a folder with checkpoints or heads (.safetensors), found none in {folder}.</source>
            <translation>应为含检查点或分类头（.safetensors）的文件夹，但 {folder} 中没有。</translation>
        </message>
        <message>
            <location filename="models/model_files.py" />
            <source>Only files in your own folder can be changed; {path} is not in it: import it first.</source>
            <translation>只能更改您自己文件夹中的文件；{path} 不在其中：请先导入。</translation>
        </message>
        <message>
            <location filename="models/model_files.py" />
            <source>Expected a name, found none.</source>
            <translation>应填写名称，实际为空。</translation>
        </message>
        <message>
            <location filename="models/model_files.py" />
            <source>{path} is in your folder already.</source>
            <translation>{path} 已在您的文件夹中。</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Head for pixels</source>
            <translation>像素分类头</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Head for tiles</source>
            <translation>图块分类头</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Models and heads</source>
            <translation>模型和分类头</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Model card</source>
            <translation>模型卡</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>&amp;Get a foundation model...</source>
            <translation>获取基础模型(&amp;G)……</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Backbones that others have pretrained; nothing is downloaded before you choose one</source>
            <translation>由他人预训练的骨干网络；在您选择之前不会下载任何内容</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Fit &amp;land-cover heads for it...</source>
            <translation>为其拟合土地覆盖分类头(&amp;L)...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Heads belong to their model: these are for the chosen checkpoint</source>
            <translation>分类头属于其模型：这些分类头用于所选的检查点</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>&amp;Open folder</source>
            <translation>打开文件夹(&amp;O)</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Cance&amp;l</source>
            <translation>取消(&amp;L)</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Checkpoints and heads, and weights of others, such as DOFA, which become checkpoints</source>
            <translation>检查点和分类头，以及会转换为检查点的他人权重（如 DOFA）</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Import models</source>
            <translation>导入模型</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Models (*.safetensors *.pth *.pt *.bin *.ckpt);;All files (*)</source>
            <translation>模型 (*.safetensors *.pth *.pt *.bin *.ckpt);;所有文件 (*)</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Import all checkpoints and heads of a folder</source>
            <translation>导入文件夹中的所有检查点和分类头</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Importing...</source>
            <translation>正在导入...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Rename</source>
            <translation>重命名</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>New name</source>
            <translation>新名称</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Remove</source>
            <translation>移除</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>The heads are being fitted; the message bar shows how far that is.</source>
            <translation>正在拟合分类头；消息栏显示进度。</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Type</source>
            <translation>类型</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Score</source>
            <translation>得分</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>&amp;Import...</source>
            <translation>导入(&amp;I)...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Import &amp;folder...</source>
            <translation>导入文件夹(&amp;F)...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Re&amp;name...</source>
            <translation>重命名(&amp;N)...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>&amp;Remove...</source>
            <translation>移除(&amp;R)...</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Delete {name}? The file {path} will be permanently deleted.</source>
            <translation>删除 {name}？文件 {path} 将被永久删除。</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Your own folder: {folder}</source>
            <translation>您自己的文件夹：{folder}</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>cannot be used</source>
            <translation>无法使用</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>none yet: train a head, or import one</source>
            <translation>尚无：请训练或导入一个分类头</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>{count} sensors</source>
            <translation>{count} 种传感器</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Imported {names}.</source>
            <translation>已导入 {names}。</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source> (and {count} more)</source>
            <translation>（另有 {count} 个）</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Refused: {why}{more}</source>
            <translation>已拒绝：{why}{more}</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>The checkpoint that {names} needs was not found: import it too.</source>
            <translation>没有找到 {names} 所需的检查点：请一并导入。</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Renamed to {name}.</source>
            <translation>已重命名为 {name}。</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Heads that need it: {names}.</source>
            <translation>需要它的分类头：{names}。</translation>
        </message>
        <message>
            <location filename="models/model_manager.py" />
            <source>Removed {name}.</source>
            <translation>已移除 {name}。</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>{count} heads for {name} are ready, in every list of heads: {names}</source>
            <translation>{name} 的 {count} 个分类头已就绪，并出现在所有分类头列表中：{names}</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Measure how long heads take</source>
            <translation>测量拟合分类头所需时间</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>{count} heads, in about {time} on this computer: {names}</source>
            <translation>{count} 个分类头，在本机约需 {time}：{names}</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>&amp;Fit</source>
            <translation>拟合(&amp;F)</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Labelled images: a folder with images and labels</source>
            <translation>带标签的影像：含 images 和 labels 的文件夹</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Folder of labelled images</source>
            <translation>带标签影像的文件夹</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Public images and labels, which are downloaded: Sentinel-2 and ESA WorldCover</source>
            <translation>公开的影像和标签（将下载）：Sentinel-2 和 ESA WorldCover</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>When you press Fit, some 150 windows are fetched from public servers; they stay in your folder of models. WorldCover is itself a map with errors. Where you publish results, name both sources: the cards do.</source>
            <translation>点击“拟合”后，会从公开服务器获取约 150 个影像块，并保存在您的模型文件夹中。WorldCover 本身也是有错误的地图。发布结果时请注明这两个来源：模型卡中已注明。</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Raster layers of this project, without labels</source>
            <translation>本工程的栅格图层，无标签</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>The heads that come with the plugin map these layers, and the new heads learn to repeat that, with its errors. It is a start where there are no labels; their score is an agreement, not an accuracy.</source>
            <translation>插件自带的分类头对这些图层制图，新分类头学习重复其结果，包括其中的错误。没有标签时可作为起点；其得分是一致性，而不是精度。</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>{count} heads, in about {time} on this computer, after the download: {names}</source>
            <translation>{count} 个分类头，下载后在本机约需 {time}：{names}</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Fit land-cover heads for {name}</source>
            <translation>为 {name} 拟合土地覆盖分类头</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Measuring how long it takes...</source>
            <translation>正在测量所需时间...</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Choose what they are to learn from</source>
            <translation>请选择学习来源</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Land-cover heads for {name}</source>
            <translation>{name} 的土地覆盖分类头</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>A head belongs to its model, so {name} needs land-cover heads of its own. What are they to learn from?</source>
            <translation>分类头属于其模型，因此 {name} 需要自己的土地覆盖分类头。它们应从何处学习？</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>Also my own heads, from the labels that they remember ({count})</source>
            <translation>也用我自己的分类头所记住的标签重新拟合它们（{count} 个）</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>&amp;Fit, about {time}</source>
            <translation>拟合(&amp;F)，约 {time}</translation>
        </message>
        <message>
            <location filename="models/refit_dialog.py" />
            <source>about {time} left</source>
            <translation>约剩 {time}</translation>
        </message>
        <message>
            <location filename="models/speeds.py" />
            <source>Measuring how fast this computer is with the model</source>
            <translation>正在测量本机运行该模型的速度</translation>
        </message>
        <message>
            <location filename="panels/classify/draw_offer.py" />
            <source>Opens Train from polygons with this raster and these classes</source>
            <translation>打开“用多边形训练”，带上此栅格和这些类别</translation>
        </message>
        <message>
            <location filename="panels/classify/draw_offer.py" />
            <source>Not right? {link}</source>
            <translation>不对？{link}</translation>
        </message>
        <message>
            <location filename="panels/classify/draw_offer.py" />
            <source>Draw ten polygons</source>
            <translation>绘制十个多边形</translation>
        </message>
        <message>
            <location filename="panels/classify/loose_bands.py" />
            <source>Use them together</source>
            <translation>合并使用</translation>
        </message>
        <message>
            <location filename="panels/classify/loose_bands.py" />
            <source>Makes a virtual raster: nothing is copied</source>
            <translation>生成虚拟栅格：不复制数据</translation>
        </message>
        <message>
            <location filename="panels/classify/loose_bands.py" />
            <source>These {count} files of one band look like one scene of {product}: {bands}</source>
            <translation>这 {count} 个单波段文件看起来属于同一景 {product} 影像：{bands}</translation>
        </message>
        <message>
            <location filename="panels/classify/loose_bands.py" />
            <source>Making the virtual raster...</source>
            <translation>正在生成虚拟栅格……</translation>
        </message>
        <message>
            <location filename="panels/classify/loose_bands.py" />
            <source>Save the virtual raster to</source>
            <translation>虚拟栅格保存到</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source> ha</source>
            <translation> 公顷</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>no minimum</source>
            <translation>无下限</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>Smaller areas are merged into their neighbours</source>
            <translation>更小的区域并入相邻类别</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>More</source>
            <translation>更多</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>Fastest available</source>
            <translation>可用的最快设备</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>Processor (CPU)</source>
            <translation>处理器（CPU）</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>Graphics card (CUDA)</source>
            <translation>显卡（CUDA）</translation>
        </message>
        <message>
            <location filename="panels/classify/more_box.py" />
            <source>Compute on</source>
            <translation>计算设备</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Open the same in Processing: for batches, models, commands</source>
            <translation>在数据处理中以相同设置打开：用于批处理、模型、命令</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Classify layer</source>
            <translation>分类图层</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Preview on {raster}</source>
            <translation>{raster} 的预览</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Run</source>
            <translation>运行(&amp;R)</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Classify the area, and add the result to the map</source>
            <translation>对该区域进行分类，并将结果添加到地图</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Preview</source>
            <translation>预览(&amp;P)</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Preview what the canvas shows</source>
            <translation>预览画布显示的范围</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Open as al&amp;gorithm...</source>
            <translation>作为算法打开(&amp;G)...</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>No head was found for this sensor: choose a head file</source>
            <translation>没有找到该传感器的分类头：请选择分类头文件</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Preview of the middle of what the canvas shows, so that it takes seconds</source>
            <translation>只预览画布显示范围的中部，以便在几秒内完成</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>{title}: done, added {names}</source>
            <translation>{title}：完成，已添加 {names}</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Save classes to</source>
            <translation>类别保存到</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Head</source>
            <translation>分类头(&amp;H)</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Area</source>
            <translation>区域(&amp;A)</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Detail</source>
            <translation>精细度(&amp;D)</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>&amp;Save to</source>
            <translation>保存到(&amp;S)</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Classify {layer}</source>
            <translation>分类 {layer}</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>The canvas does not show the raster: zoom to it first</source>
            <translation>画布没有显示该栅格：请先缩放到栅格</translation>
        </message>
        <message>
            <location filename="panels/classify/panel.py" />
            <source>Preview of {layer}</source>
            <translation>预览 {layer}</translation>
        </message>
        <message>
            <location filename="panels/run_row.py" />
            <source>Cancel</source>
            <translation>取消</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Done. Click another place, or set the threshold with the slider</source>
            <translation>完成。可点击另一地点，或用滑块设定阈值</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Find similar places</source>
            <translation>查找相似地点</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>small places</source>
            <translation>小范围地点</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Click a place on the map</source>
            <translation>点击地图上的一个地点</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Lowest similarity that is shown</source>
            <translation>显示的最低相似度</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Press the button, then click a place: a tree, a roof, a kind of field</source>
            <translation>按下按钮，然后点击一个地点：一棵树、一个屋顶、一种田地</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>{threshold:.2f} and more: {share:.1%} of the area (1: the same, 0: a random place)</source>
            <translation>{threshold:.2f} 及以上：占面积的 {share:.1%}（1：相同，0：随机地点）</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Show from</source>
            <translation>显示下限</translation>
        </message>
        <message>
            <location filename="panels/similarity/panel.py" />
            <source>Expected a place on the raster: click inside it</source>
            <translation>应为栅格上的位置：请在栅格内点击</translation>
        </message>
        <message>
            <location filename="panels/similarity/search.py" />
            <source>comparing places</source>
            <translation>正在比较各处</translation>
        </message>
        <message>
            <location filename="panels/similarity/search.py" />
            <source>computing features</source>
            <translation>正在计算特征</translation>
        </message>
        <message>
            <location filename="panels/similarity/similarity_layer.py" />
            <source>{raster}: similarity</source>
            <translation>{raster}：相似度</translation>
        </message>
        <message>
            <location filename="panels/similarity/similarity_map.py" />
            <source>Expected a raster with valid pixels here, found none</source>
            <translation>此处应为含有效像素的栅格，但没有找到</translation>
        </message>
        <message>
            <location filename="panels/similarity/similarity_map.py" />
            <source>Expected a place with valid pixels, found nodata: click elsewhere</source>
            <translation>应为含有效像素的位置，实际为无数据：请点击别处</translation>
        </message>
        <message>
            <location filename="panels/similarity/similarity_map.py" />
            <source>The layer could not be written to {path}</source>
            <translation>无法将图层写入 {path}</translation>
        </message>
        <message>
            <location filename="panels/training/class_asker.py" />
            <source>New class...</source>
            <translation>新建类别...</translation>
        </message>
        <message>
            <location filename="panels/training/class_asker.py" />
            <source>New class</source>
            <translation>新建类别</translation>
        </message>
        <message>
            <location filename="panels/training/class_asker.py" />
            <source>Name of the class</source>
            <translation>类别名称</translation>
        </message>
        <message>
            <location filename="panels/training/class_asker.py" />
            <source>Class of a training polygon</source>
            <translation>训练多边形的类别</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Classes and their polygons</source>
            <translation>类别及其多边形</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Name of a new class</source>
            <translation>新类别的名称</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>New class, e.g. forest</source>
            <translation>新类别，例如 森林</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Add</source>
            <translation>添加</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Add the class</source>
            <translation>添加该类别</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Class</source>
            <translation>类别</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>Pixels</source>
            <translation>像素</translation>
        </message>
        <message>
            <location filename="panels/training/class_table.py" />
            <source>no class yet</source>
            <translation>尚无类别</translation>
        </message>
        <message>
            <location filename="panels/training/head_score.py" />
            <source>Mean IoU {miou:.2f}{before}, accuracy {accuracy:.0%}, on held-out polygons</source>
            <translation>平均 IoU {miou:.2f}{before}，精度 {accuracy:.0%}，基于未参与学习的多边形</translation>
        </message>
        <message>
            <location filename="panels/training/head_score.py" />
            <source> (before: {miou:.2f})</source>
            <translation>（之前：{miou:.2f}）</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Go to the place in the map where the head is least certain</source>
            <translation>转到图上分类头最没有把握的地点</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Keep the head: Classify layer and the toolbox offer it from then on</source>
            <translation>保留该分类头：此后“分类图层”和工具箱都会提供它</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>The map is up to date</source>
            <translation>地图已是最新</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Place {number}: mean confidence {confidence:.0%}. Draw a polygon of what is right here, then train</source>
            <translation>地点 {number}：平均置信度 {confidence:.0%}。请在此绘制正确类别的多边形，然后训练</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Train from polygons</source>
            <translation>用多边形训练</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Train</source>
            <translation>训练</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Train a head on the polygons</source>
            <translation>用这些多边形训练分类头</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Apply to canvas</source>
            <translation>应用到画布</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Map what the canvas shows</source>
            <translation>对画布显示的范围制图</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Next uncertain place</source>
            <translation>下一个不确定地点</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Save head</source>
            <translation>保存分类头</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Update the map after each training</source>
            <translation>每次训练后更新地图</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Name of the head</source>
            <translation>分类头的名称</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Choose a layer of polygons, or make one with New</source>
            <translation>请选择多边形图层，或点击“新建”创建</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Next: polygons of two classes or more; best two of each, in different places</source>
            <translation>下一步：至少两个类别的多边形；最好每类两个，位于不同地点</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Only the first {count:,} polygons are counted here; training takes all</source>
            <translation>此处只统计前 {count:,} 个多边形；训练会使用全部</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Training</source>
            <translation>训练</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Mapping</source>
            <translation>制图</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>the model's own</source>
            <translation>模型的大小</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Trained on {count} classes</source>
            <translation>已用 {count} 个类别训练</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>The map has no place to show</source>
            <translation>图上没有可显示的地点</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>A head "{name}" is there already. Replace it?</source>
            <translation>已有分类头“{name}”。是否替换？</translation>
        </message>
        <message>
            <location filename="panels/training/panel.py" />
            <source>Saved: "{name}" can now be chosen under Classify layer</source>
            <translation>已保存：现在可在“分类图层”中选择“{name}”</translation>
        </message>
        <message>
            <location filename="panels/training/save_head.py" />
            <source>Expected a name for the head, of letters, digits, spaces, - and _</source>
            <translation>应填写分类头的名称，由字母、数字、空格、- 和 _ 组成</translation>
        </message>
        <message>
            <location filename="panels/training/save_head.py" />
            <source>The head could not be saved to {path}: {why}</source>
            <translation>无法将分类头保存到 {path}：{why}</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>give them a class, or they are left out</source>
            <translation>请赋予类别，否则将被忽略</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>draw a polygon</source>
            <translation>请绘制一个多边形</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>one polygon: not scored; draw another elsewhere</source>
            <translation>只有一个多边形：未评分；请在别处再画一个</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>no polygon lies on the raster</source>
            <translation>没有多边形位于栅格上</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>overlaps {classes}: not used there</source>
            <translation>与 {classes} 重叠：重叠处不使用</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>{count} smaller than a pixel</source>
            <translation>{count} 个小于一个像素</translation>
        </message>
        <message>
            <location filename="panels/training/training_counts.py" />
            <source>{count} not on the raster</source>
            <translation>{count} 个不在栅格上</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>Layer of training polygons</source>
            <translation>训练多边形图层</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>choose, or make one with New</source>
            <translation>请选择，或点击“新建”</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>New</source>
            <translation>新建</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>A new layer of training polygons in the raster's CRS, ready to draw in</source>
            <translation>新建训练多边形图层，采用栅格的坐标参照系，可直接绘制</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>Temporary layer</source>
            <translation>临时图层</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>In a GeoPackage...</source>
            <translation>存入 GeoPackage...</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>Training polygons</source>
            <translation>训练多边形</translation>
        </message>
        <message>
            <location filename="panels/training/training_inputs.py" />
            <source>GeoPackage (*.gpkg)</source>
            <translation>GeoPackage (*.gpkg)</translation>
        </message>
        <message>
            <location filename="panels/training/training_layer.py" />
            <source>{raster}: training polygons</source>
            <translation>{raster}：训练多边形</translation>
        </message>
        <message>
            <location filename="panels/training/training_layer.py" />
            <source>The layer could not be written to {path}: {why}</source>
            <translation>无法将图层写入 {path}：{why}</translation>
        </message>
        <message>
            <location filename="plugin.py" />
            <source>Recognise the sensor of the active raster layer and classify it</source>
            <translation>识别活动栅格图层的传感器并进行分类</translation>
        </message>
        <message>
            <location filename="plugin.py" />
            <source>Draw polygons, train a head on their classes, and map with it</source>
            <translation>绘制多边形，用其类别训练分类头，并据此制图</translation>
        </message>
        <message>
            <location filename="plugin.py" />
            <source>Click a place and see how similar every other place is</source>
            <translation>点击一个地点，查看其他各处与它的相似程度</translation>
        </message>
        <message>
            <location filename="results/live_map.py" />
            <source>OFA-Net on {raster}</source>
            <translation>OFA-Net：{raster}</translation>
        </message>
        <message>
            <location filename="results/live_map.py" />
            <source>{raster}: classes</source>
            <translation>{raster}：类别</translation>
        </message>
        <message>
            <location filename="results/live_map.py" />
            <source>{raster}: confidence</source>
            <translation>{raster}：置信度</translation>
        </message>
        <message>
            <location filename="results/map_run.py" />
            <source>Polygons: {title}</source>
            <translation>多边形：{title}</translation>
        </message>
        <message>
            <location filename="results/map_run.py" />
            <source>Confidence: {title}</source>
            <translation>置信度：{title}</translation>
        </message>
        <message>
            <location filename="results/output_inputs.py" />
            <source>GeoTIFF (*.tif)</source>
            <translation>GeoTIFF (*.tif)</translation>
        </message>
        <message>
            <location filename="results/output_inputs.py" />
            <source>[Temporary file]</source>
            <translation>[临时文件]</translation>
        </message>
        <message>
            <location filename="results/output_inputs.py" />
            <source>[Temporary layer]</source>
            <translation>[临时图层]</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>Classes of {source} by the head {head}</source>
            <translation>由分类头 {head} 得到的 {source} 的类别</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>Areas of one class of {source} by the head {head}</source>
            <translation>由分类头 {head} 得到的 {source} 的同类区域</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>Probability (0 to 1) of the winning class, of {source} by the head {head}</source>
            <translation>由分类头 {head} 得到的 {source} 各像素所取类别的概率（0 到 1）</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>Counted on the map, not corrected for its errors.</source>
            <translation>面积按图上像素统计，未对分类误差进行校正。</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>engine</source>
            <translation>计算引擎</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>source</source>
            <translation>来源</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>sensor</source>
            <translation>传感器</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>unit of the values</source>
            <translation>数值单位</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>checkpoint</source>
            <translation>检查点</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>fingerprint of the backbone</source>
            <translation>骨干网络的指纹</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>head</source>
            <translation>分类头</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>tile size, px</source>
            <translation>图块大小（像素）</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>overlap of tiles</source>
            <translation>图块重叠</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>smallest area, ha</source>
            <translation>最小面积（公顷）</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>device</source>
            <translation>计算设备</translation>
        </message>
        <message>
            <location filename="results/sidecars.py" />
            <source>date</source>
            <translation>日期</translation>
        </message>
        <message>
            <location filename="runs/algorithm_task.py" />
            <source>{title} failed</source>
            <translation>{title}：失败</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>{title}: done, but its project was closed meanwhile. The result is in {files}</source>
            <translation>{title}：已完成，但其所属工程已被关闭。结果保存在 {files}</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>waiting for another run to end</source>
            <translation>正在等待另一个运行结束</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>starting</source>
            <translation>正在启动</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>{title}: cancelled, since its project was closed</source>
            <translation>{title}：已取消，因为其所属工程已关闭</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>cancelling...</source>
            <translation>正在取消...</translation>
        </message>
        <message>
            <location filename="runs/panel_run.py" />
            <source>{title}: cancelled</source>
            <translation>{title}：已取消</translation>
        </message>
        <message>
            <location filename="runs/run_list.py" />
            <source>Cancel: {title}</source>
            <translation>取消：{title}</translation>
        </message>
        <message>
            <location filename="runs/run_messages.py" />
            <source>Open report</source>
            <translation>打开报告</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Sentinel-1 radar</source>
            <translation>Sentinel-1 雷达</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Sentinel-2</source>
            <translation>Sentinel-2</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Gaofen and other 4-band</source>
            <translation>高分（Gaofen）及其他 4 波段</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>NAIP and other RGB</source>
            <translation>NAIP 及其他 RGB</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>EnMAP hyperspectral</source>
            <translation>EnMAP 高光谱</translation>
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
            <translation>高光谱（PRISMA、EMIT、DESIS、AVIRIS 等）</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat 8/9 surface reflectance</source>
            <translation>Landsat 8/9 地表反射率</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat 4-7 surface reflectance</source>
            <translation>Landsat 4-7 地表反射率</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat 8/9 reflectance at the top of the atmosphere</source>
            <translation>Landsat 8/9 大气层顶反射率</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat 4-7 reflectance at the top of the atmosphere</source>
            <translation>Landsat 4-7 大气层顶反射率</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat surface reflectance</source>
            <translation>Landsat 地表反射率</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Landsat surface reflectance, of Landsat 8 or 9 or before</source>
            <translation>Landsat 地表反射率（Landsat 8、9 或更早）</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>HLS L30 reflectance</source>
            <translation>HLS L30 反射率</translation>
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
            <translation>Sentinel-2 10 米波段</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Sentinel-2, visible bands</source>
            <translation>Sentinel-2 可见光波段</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>PlanetScope 8-band</source>
            <translation>PlanetScope 8 波段</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>PlanetScope 4-band</source>
            <translation>PlanetScope 4 波段</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Gaofen-6 WFV, 8 bands</source>
            <translation>高分六号 WFV,8 波段</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Gaofen-1, -2 or -6, 4 bands</source>
            <translation>高分一号、二号或六号,4 波段</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Pleiades or SPOT 6/7, 4 bands</source>
            <translation>Pleiades 或 SPOT 6/7,4 波段</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>QuickBird, GeoEye or WorldView, 4 bands</source>
            <translation>QuickBird、GeoEye 或 WorldView,4 波段</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>RapidEye</source>
            <translation>RapidEye</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>WorldView-2/3 multispectral</source>
            <translation>WorldView-2/3 多光谱</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>Five-band multispectral (RapidEye, MicaSense and other drones)</source>
            <translation>五波段多光谱（RapidEye、MicaSense 及其他无人机）</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>RGB and near infrared</source>
            <translation>RGB 和近红外</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>RGB and near infrared, with other bands</source>
            <translation>RGB 和近红外，另有其他波段</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>RGB image</source>
            <translation>RGB 影像</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>decibel</source>
            <translation>分贝</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>linear power</source>
            <translation>线性功率</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>8-bit amplitude of radar</source>
            <translation>8 位雷达振幅</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>reflectance 0..1</source>
            <translation>反射率 0..1</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>reflectance 0..1 with Sentinel-2's offset of +0.1</source>
            <translation>反射率 0..1，含 Sentinel-2 偏移 +0.1</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>DN = reflectance x 10000</source>
            <translation>DN = 反射率 x 10000</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>DN = reflectance x 10000 with Sentinel-2's offset of +1000</source>
            <translation>DN = 反射率 x 10000，含 Sentinel-2 偏移 +1000</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>DN of Landsat Collection 2 level 2</source>
            <translation>Landsat Collection 2 二级产品的 DN 值</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>reflectance x 65535</source>
            <translation>反射率 x 65535</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>8-bit grey values 0..255</source>
            <translation>8 位灰度值 0..255</translation>
        </message>
        <message>
            <location filename="sensors.py" />
            <source>16-bit grey values 0..65535</source>
            <translation>16 位灰度值 0..65535</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>Checking the engine's Python</source>
            <translation>正在检查计算引擎的 Python</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>Creating the engine's environment</source>
            <translation>正在创建计算引擎的环境</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>Removing the engine's environment</source>
            <translation>正在移除计算引擎的环境</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>Looking for Pythons</source>
            <translation>正在查找 Python</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>Checking that it works</source>
            <translation>正在检查它能否工作</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>The engine's environment was removed</source>
            <translation>计算引擎的环境已移除</translation>
        </message>
        <message>
            <location filename="setup/engine_setup.py" />
            <source>install from a folder of wheels</source>
            <translation>请从 wheel 文件夹安装</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>or let the plugin create an environment</source>
            <translation>或让插件创建一个环境</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>The environment lacks what the engine needs: {packages}{more}. Install it there (the diagnosis has the command), {create}.</source>
            <translation>该环境缺少计算引擎所需的内容：{packages}{more}。请在其中安装（命令见诊断信息），{create}。</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>The engine {engine} works: torch {torch} on {device}, Python {python}</source>
            <translation>计算引擎 {engine} 可用：torch {torch}，运行于{device}，Python {python}</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>the processor (CPU)</source>
            <translation>处理器（CPU）</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>Expected the Python of an environment, found no file {path}: choose another, {create}.</source>
            <translation>应为某个环境的 Python，但文件 {path} 不存在：请另选一个，{create}。</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>Expected a program called python, found {name}: choose the environment's python, {create}.</source>
            <translation>应为名为 python 的程序，实际为 {name}：请选择该环境的 python，{create}。</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>{path} is no Python that can be used; it ended with exit code {code} and printed: {output} Choose another, {create}.</source>
            <translation>{path} 不是可用的 Python；它以代码 {code} 结束，并显示：{output} 请另选一个，{create}。</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>Expected Python {minimum} or newer, found {found}: choose another, {create}.</source>
            <translation>应为 Python {minimum} 或更新版本，实际为 {found}：请另选一个，{create}。</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>The packages are there, but a tiny model could not be computed: {why}. Where the GPU is the cause, update its driver, {create} for the CPU.</source>
            <translation>软件包齐全，但无法计算一个微型模型：{why}。如果是 GPU 的原因，请更新其驱动，{create}（使用 CPU）。</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>The engine that answered is version {found}, this plugin brings {expected}: run "{path} -m pip uninstall ofanet", {create}.</source>
            <translation>应答的计算引擎版本为 {found}，本插件自带 {expected}：请运行 "{path} -m pip uninstall ofanet"，{create}。</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>{name} is missing</source>
            <translation>缺少 {name}</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>{name} is {version}, expected {minimum} or newer</source>
            <translation>{name} 为 {version}，应为 {minimum} 或更新版本</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>{name} cannot be loaded ({why})</source>
            <translation>无法加载 {name}（{why}）</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>{path} could not be started ({why}): choose another Python, {create}.</source>
            <translation>无法启动 {path}（{why}）：请另选一个 Python，{create}。</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source>nothing.</source>
            <translation>无。</translation>
        </message>
        <message>
            <location filename="setup/environment_check.py" />
            <source> and {count} more</source>
            <translation>，另有 {count} 项</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>This Python has no venv module: choose another, or install it ("sudo apt install python3-venv").</source>
            <translation>该 Python 没有 venv 模块：请另选一个，或安装该模块（"sudo apt install python3-venv"）。</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>The disk is full: free some space and press Continue.</source>
            <translation>磁盘已满：请释放一些空间，然后点击“继续”。</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>The network's certificate is not trusted: ask your IT department for a pip.conf with its certificate, or install from a folder of wheels.</source>
            <translation>网络的证书不受信任：请向 IT 部门索取含其证书的 pip.conf，或从 wheel 文件夹安装。</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>The proxy refused: see Settings &gt; Options &gt; Network, or install from a folder of wheels.</source>
            <translation>代理拒绝了连接：请查看 设置 &gt; 选项 &gt; 网络，或从 wheel 文件夹安装。</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>The network was not reached: check it and press Continue, or install from a folder of wheels.</source>
            <translation>无法连接网络：请检查后点击“继续”，或从 wheel 文件夹安装。</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>There is no {package} for this Python and system: choose another Python.</source>
            <translation>没有适用于此 Python 和系统的 {package}：请另选一个 Python。</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>It printed nothing.</source>
            <translation>没有任何输出。</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>Downloading {file}: {now} of {total} MB</source>
            <translation>正在下载 {file}：{now} / {total} MB</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>The folder {folder} has no wheel of {package} for this Python and system.</source>
            <translation>文件夹 {folder} 中没有适用于此 Python 和系统的 {package} wheel。</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>Looking for {package}</source>
            <translation>正在查找 {package}</translation>
        </message>
        <message>
            <location filename="setup/pip_output.py" />
            <source>Unpacking {count} packages; this takes minutes</source>
            <translation>正在解压 {count} 个软件包，需要几分钟</translation>
        </message>
        <message>
            <location filename="setup/python_finder.py" />
            <source>it has no venv module (on Debian and Ubuntu: "sudo apt install python3-venv")</source>
            <translation>没有 venv 模块（Debian 和 Ubuntu 上："sudo apt install python3-venv"）</translation>
        </message>
        <message>
            <location filename="setup/python_finder.py" />
            <source>Python {version} ({path})</source>
            <translation>Python {version} ({path})</translation>
        </message>
        <message>
            <location filename="setup/python_finder.py" />
            <source>older than {minimum}</source>
            <translation>低于 {minimum}</translation>
        </message>
        <message>
            <location filename="setup/setup_pages.py" />
            <source>Set up the OFA-Net engine</source>
            <translation>设置 OFA-Net 计算引擎</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Remove the engine's environment? The folder {folder} is deleted; OFA-Net needs an engine to compute, so you would have to set up another one.</source>
            <translation>移除计算引擎的环境？文件夹 {folder} 将被删除；OFA-Net 需要计算引擎，之后您需要另行设置一个。</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>{size:.1f} GB</source>
            <translation>{size:.1f} GB</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Use an existing environment</source>
            <translation>使用您已有的环境</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Python of the engine's environment</source>
            <translation>计算引擎环境的 Python</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>The environment's python, or its folder</source>
            <translation>该环境的 python 或其文件夹</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Check and &amp;use</source>
            <translation>检查并使用(&amp;U)</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Let the plugin create one</source>
            <translation>让插件创建环境</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Created with</source>
            <translation>创建所用 Python</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Computes on</source>
            <translation>计算设备</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Other...</source>
            <translation>其他...</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Another Python to create it with</source>
            <translation>创建环境所用的另一个 Python</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Without network, from a &amp;folder of wheels</source>
            <translation>不使用网络，从 wheel 文件夹安装(&amp;F)</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Folder of wheels</source>
            <translation>wheel 文件夹</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Show &amp;log</source>
            <translation>显示日志(&amp;L)</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Log</source>
            <translation>日志</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Copy &amp;diagnosis</source>
            <translation>复制诊断信息(&amp;D)</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>What a bug report needs: versions, the environment's packages, the end of the log</source>
            <translation>错误报告所需的信息：版本、环境中的软件包、日志末尾</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>&amp;Continue</source>
            <translation>继续(&amp;C)</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>&amp;Update</source>
            <translation>更新(&amp;U)</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Re&amp;pair</source>
            <translation>修复(&amp;P)</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>No engine is set up yet</source>
            <translation>尚未设置计算引擎</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Looking for Pythons on this machine...</source>
            <translation>正在查找本机上的 Python...</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>The folder {folder} holds files that are not the plugin's: move them away.</source>
            <translation>文件夹 {folder} 中有不属于本插件的文件：请将它们移走。</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>No Python was found that can create one: install Python 3.10 or newer from python.org (on Debian and Ubuntu: python3-venv), or choose one with Other...</source>
            <translation>没有找到可用于创建环境的 Python：请从 python.org 安装 Python 3.10 或更新版本（Debian 和 Ubuntu 上：python3-venv），或用“其他...”选择一个</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>; nothing is downloaded.</source>
            <translation>；无需下载任何内容。</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>A Python 3.10 or newer</source>
            <translation>Python 3.10 或更新版本</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>OFA-Net computes in a Python environment of its own, outside of QGIS. Nothing is installed into QGIS's Python, and nothing is downloaded before you press Create.</source>
            <translation>OFA-Net 在 QGIS 之外的独立 Python 环境中计算。不会向 QGIS 的 Python 安装任何内容，在您点击“创建”之前也不会下载任何内容。</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>&amp;Create</source>
            <translation>创建(&amp;C)</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Processor (CPU); no NVIDIA GPU was found</source>
            <translation>处理器（CPU）；没有找到 NVIDIA GPU</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Choose the folder of wheels.</source>
            <translation>请选择 wheel 文件夹。</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>Takes about {disk} in {folder} ({free} are free)</source>
            <translation>约占用 {folder} 中的 {disk}（可用 {free}）</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>; about {size} are downloaded from pypi.org and pytorch.org.</source>
            <translation>；将从 pypi.org 和 pytorch.org 下载约 {size}。</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>; missing packages are downloaded from pypi.org and pytorch.org.</source>
            <translation>；缺少的内容将从 pypi.org 和 pytorch.org 下载。</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source> There is not enough space.</source>
            <translation>空间不足。</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>In use: {python}</source>
            <translation>正在使用：{python}</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>An earlier attempt was not finished; Continue completes it. </source>
            <translation>上一次尝试没有完成；“继续”会将其完成。</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>It was created for another version of the plugin and must be updated. </source>
            <translation>它是为插件的另一个版本创建的，必须更新。</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>It is in {folder}</source>
            <translation>位于 {folder}</translation>
        </message>
        <message>
            <location filename="setup/setup_panel.py" />
            <source>NVIDIA GPU (its driver has CUDA {driver})</source>
            <translation>NVIDIA GPU（驱动支持 CUDA {driver}）</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Expected {folder} to be empty or made by this plugin, found other files: move them away.</source>
            <translation>{folder} 应为空或由本插件创建，但其中有其他文件：请将它们移走。</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Creating the environment</source>
            <translation>正在创建环境</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Updating pip</source>
            <translation>正在更新 pip</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Installing the engine's packages</source>
            <translation>正在安装计算引擎的软件包</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Not all of {folder} could be removed: {why}. Close what uses it and try again.</source>
            <translation>{folder} 未能全部移除：{why}。请关闭正在使用它的程序后重试。</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Installing from the folder</source>
            <translation>正在从文件夹安装</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Installing PyTorch</source>
            <translation>正在安装 PyTorch</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>{title} failed. {why}</source>
            <translation>{title}：失败。{why}</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Expected a folder of wheels, found none at {folder}.</source>
            <translation>应为含 wheel 的文件夹，但 {folder} 中没有。</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>Nothing was removed: {folder} was not made by this plugin.</source>
            <translation>未移除任何内容：{folder} 不是由本插件创建的。</translation>
        </message>
        <message>
            <location filename="setup/venv_installer.py" />
            <source>{program} could not be started: {why}.</source>
            <translation>无法启动 {program}：{why}。</translation>
        </message>
        <message>
            <location filename="widgets/class_chips.py" />
            <source>and {count} more</source>
            <translation>另有 {count} 个</translation>
        </message>
        <message>
            <location filename="widgets/class_chips.py" />
            <source>Classes: {names}</source>
            <translation>类别：{names}</translation>
        </message>
        <message>
            <location filename="widgets/confusion_matrix.py" />
            <source>Confusion matrix</source>
            <translation>混淆矩阵</translation>
        </message>
        <message>
            <location filename="widgets/confusion_matrix.py" />
            <source>found as, in %</source>
            <translation>识别为，%</translation>
        </message>
        <message>
            <location filename="widgets/confusion_matrix.py" />
            <source>{name}: found as {found}</source>
            <translation>{name}：识别为 {found}</translation>
        </message>
        <message>
            <location filename="widgets/confusion_matrix.py" />
            <source>{name}: not scored</source>
            <translation>{name}：未评分</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>All polygons, since none is selected</source>
            <translation>所有多边形（没有选中任何一个）</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Area</source>
            <translation>区域</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Layer of polygons</source>
            <translation>多边形图层</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Draw a rectangle on the map</source>
            <translation>在地图上绘制矩形</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Choose a raster first</source>
            <translation>请先选择栅格</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>The raster is not georeferenced: only the whole layer can be computed</source>
            <translation>该栅格没有地理参考：只能计算整个图层</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Add a layer of polygons to the project, or choose another area</source>
            <translation>请在工程中添加多边形图层，或选择其他区域</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>The layer of polygons is empty: draw one, or choose another area</source>
            <translation>多边形图层为空：请绘制一个多边形，或选择其他区域</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Draw a rectangle on the map first</source>
            <translation>请先在地图上绘制矩形</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Whole layer</source>
            <translation>整个图层</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>What the canvas shows</source>
            <translation>画布显示的范围</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Selected polygons</source>
            <translation>选中的多边形</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Drawn rectangle</source>
            <translation>绘制的矩形</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>The raster has no extent</source>
            <translation>该栅格没有范围</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>{polygons}; within {size}</source>
            <translation>{polygons}；外接范围 {size}</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>Selected: {count:,}</source>
            <translation>已选中：{count:,} 个</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>The polygons do not touch the raster: select others</source>
            <translation>多边形与栅格不相交：请选择其他多边形</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>The rectangle does not touch the raster: draw another</source>
            <translation>矩形与栅格不相交：请重新绘制</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>{columns:,} x {rows:,} pixels</source>
            <translation>{columns:,} x {rows:,} 像素</translation>
        </message>
        <message>
            <location filename="widgets/extent_input.py" />
            <source>{area} ha</source>
            <translation>{area} 公顷</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>Other file...</source>
            <translation>其他文件...</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>Choose the file of a head that is in none of the folders</source>
            <translation>选择不在任何模型文件夹中的分类头文件</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>Everything that the file says about the head</source>
            <translation>文件中关于该分类头的全部信息</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>The head is for {sensor}: choose it as the sensor</source>
            <translation>该分类头用于 {sensor}：请将其选为传感器</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>{task}; tiles of {px} pixels</source>
            <translation>{task}；{px} 像素的图块</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source> ({metres} m)</source>
            <translation>（{metres} 米）</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>Default for this layer, by sensor, pixel size and bands</source>
            <translation>此图层的默认分类头，按传感器、像素大小和波段选定</translation>
        </message>
        <message>
            <location filename="widgets/head_choice.py" />
            <source>{star} default for this layer; </source>
            <translation>{star} 此图层的默认项；</translation>
        </message>
        <message>
            <location filename="widgets/raster_facts_loader.py" />
            <source>{path} cannot be read</source>
            <translation>无法读取 {path}</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>certain</source>
            <translation>确定</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>likely</source>
            <translation>很可能</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>ambiguous: please check</source>
            <translation>不明确：请核对</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>Raster</source>
            <translation>栅格</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>Recognised as</source>
            <translation>识别为</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>Add a raster to the project</source>
            <translation>请在工程中添加栅格</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>Looking at the raster...</source>
            <translation>正在查看栅格...</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>The raster was not recognised: choose its sensor, bands and unit</source>
            <translation>无法识别该栅格：请选择传感器、波段和单位</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>{sensor}, looking at the values...</source>
            <translation>{sensor}，正在查看数值...</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>Not recognised</source>
            <translation>无法识别</translation>
        </message>
        <message>
            <location filename="widgets/raster_input.py" />
            <source>; or: </source>
            <translation>；或：</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>The raster's band for each band of the sensor, from 1; a dash for a missing one</source>
            <translation>传感器各波段对应的栅格波段，从 1 开始；缺失的用短横线</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>As text</source>
            <translation>以文本显示</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>As recognised</source>
            <translation>恢复识别结果</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>Back to the bands that were recognised</source>
            <translation>恢复为自动识别的波段</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>one entry each for {names}</source>
            <translation>依次为 {names} 各填一项</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_order.py" />
            <source>{read} of the sensor's {count} bands</source>
            <translation>传感器 {count} 个波段中的 {read} 个</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>red</source>
            <translation>红</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>green</source>
            <translation>绿</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>blue</source>
            <translation>蓝</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>alpha</source>
            <translation>透明度</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>- (missing)</source>
            <translation>-（缺失）</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>Band</source>
            <translation>波段</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>Band of the raster</source>
            <translation>栅格波段</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>Wavelength</source>
            <translation>波长</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>Band of the raster for {band}</source>
            <translation>用作 {band} 的栅格波段</translation>
        </message>
        <message>
            <location filename="widgets/reading/band_table.py" />
            <source>Band {number}</source>
            <translation>波段 {number}</translation>
        </message>
        <message>
            <location filename="widgets/reading/reading_box.py" />
            <source>How the raster is read</source>
            <translation>栅格的读取方式</translation>
        </message>
        <message>
            <location filename="widgets/reading/reading_box.py" />
            <source>as recognised</source>
            <translation>按识别结果</translation>
        </message>
        <message>
            <location filename="widgets/reading/reading_box.py" />
            <source>Smaller tiles see finer detail, and take longer</source>
            <translation>图块越小，细节越精细，耗时也越长</translation>
        </message>
        <message>
            <location filename="widgets/reading/reading_box.py" />
            <source>Tile size in pixels</source>
            <translation>图块大小（像素）</translation>
        </message>
        <message>
            <location filename="widgets/reading/reading_box.py" />
            <source>auto: {answer}</source>
            <translation>自动：{answer}</translation>
        </message>
        <message>
            <location filename="widgets/reading/thumbnail.py" />
            <source>{names} of the sensor as red, green and blue: bands {numbers} of the raster</source>
            <translation>以传感器的 {names} 作为红、绿、蓝显示：栅格波段 {numbers}</translation>
        </message>
        <message>
            <location filename="widgets/reading/thumbnail.py" />
            <source>Picture of the raster</source>
            <translation>栅格缩略图</translation>
        </message>
        <message>
            <location filename="widgets/reading/thumbnail.py" />
            <source>as true colour</source>
            <translation>真彩色显示</translation>
        </message>
        <message>
            <location filename="widgets/reading/units_input.py" />
            <source>scale and offset...</source>
            <translation>比例系数和偏移量…</translation>
        </message>
        <message>
            <location filename="widgets/reading/units_input.py" />
            <source>Scale</source>
            <translation>比例系数</translation>
        </message>
        <message>
            <location filename="widgets/reading/units_input.py" />
            <source>Offset</source>
            <translation>偏移量</translation>
        </message>
        <message>
            <location filename="widgets/reading/units_input.py" />
            <source>To reflectance from 0 to 1, or to decibel</source>
            <translation>换算为 0 到 1 的反射率，或分贝</translation>
        </message>
        <message>
            <location filename="widgets/reading/units_input.py" />
            <source>value x</source>
            <translation>数值 ×</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>The raster is processed in square tiles. Tiles of half the size show finer detail and take four times as long, tiles of twice the size a quarter of the time. The head was trained at Balanced.</source>
            <translation>栅格以方形图块处理。图块边长减半，细节更精细，耗时为四倍；边长加倍，耗时为四分之一。分类头是按“均衡”训练的。</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>{tiles:,} tiles; {time}; up to about {gb:.1f} GB of memory</source>
            <translation>{tiles:,} 个图块；{time}；内存最多约 {gb:.1f} GB</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>Detail</source>
            <translation>精细度</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source> px</source>
            <translation> 像素</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>From earlier runs with the same checkpoint and device, or measured on a few tiles; tiles without valid pixels are skipped</source>
            <translation>根据同一检查点和设备的以往运行，或用少量图块测得；没有有效像素的图块会跳过</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>Fast</source>
            <translation>快速</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>Balanced</source>
            <translation>均衡</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>Fine</source>
            <translation>精细</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>Own tile size</source>
            <translation>自定义图块大小</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>{choice}: tiles of {px} pixels, about {time}</source>
            <translation>{choice}：{px} 像素的图块，约 {time}</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>measuring how long it takes...</source>
            <translation>正在测量所需时间…</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>about {time} on this processor, {gpu_time} on the graphics card</source>
            <translation>在本机处理器上约 {time}，在显卡上约 {gpu_time}</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>about {time} on this processor</source>
            <translation>在本机处理器上约 {time}</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>about {time} on the graphics card</source>
            <translation>在显卡上约 {time}</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>{choice}: tiles of {px} pixels</source>
            <translation>{choice}：{px} 像素的图块</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>how long it takes is known after the first run</source>
            <translation>首次运行后才知道耗时</translation>
        </message>
        <message>
            <location filename="widgets/tile_size_input.py" />
            <source>about {time}</source>
            <translation>约 {time}</translation>
        </message>
    </context>
</TS>
